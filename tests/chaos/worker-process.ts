/** The process of `startWorker`. Argument: its settings as JSON; jobs and reports go by messages. */

import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { startEventing } from './eventing.ts';
import { type OpenOptions, openPorts } from './ports.ts';
import type { WorkerJob, WorkerMessage, WorkerReport, WorkerSettings } from './worker.ts';

const settings = JSON.parse(process.argv[2]!) as WorkerSettings;
const { nessie } = settings.site;
let kill_at = Number.POSITIVE_INFINITY;
let effects: string[] = [];
let conflicts = 0;

/** Before each effect: the last moment at which it has not happened. */
function effect(name: string): void {
  effects.push(name);
  if (effects.length === kill_at) process.kill(process.pid, 'SIGKILL');
}

const counted: OpenOptions = {
  timeless: settings.timeless,
  objects: (store: ObjectStore) => ({
    ...store,
    put(key, body, options) {
      effect(`put ${key.split('/')[0]}`);
      return store.put(key, body, options);
    },
    delete(key) {
      effect(`delete ${key.split('/')[0]}`);
      return store.delete(key);
    },
  }),
  bus: (bus: EventBus) => ({
    ...bus,
    publish(topic, marker, values) {
      effect(`publish ${topic.name}`);
      return bus.publish(topic, marker, values);
    },
  }),
  sql: (sql: Sql) => ({
    ...sql,
    transaction(role, work, tenant) {
      if (role === 'aurum_ingest') effect('database');
      return sql.transaction(role, work, tenant);
    },
  }),
};

/** What the catalog is asked to change goes by `fetch`. */
const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = String(input);
  const changes =
    nessie !== undefined && url.startsWith(nessie.nessie_url) && (init?.method ?? 'GET') !== 'GET';
  if (!changes) return plainFetch(input, init);
  effect(`catalog ${init?.method} ${/transactions|namespaces|trees/.exec(url)?.[0]}`);
  const answer = await plainFetch(input, init);
  if (answer.status === 409) conflicts += 1;
  return answer;
};

const eventing = await startEventing((options) => openPorts(settings.site, options), {
  lanes: settings.lanes,
  open: counted,
});
const say = (message: WorkerMessage) => process.send!(message);

async function run(job: WorkerJob): Promise<WorkerReport> {
  kill_at = job.kill_at ?? Number.POSITIVE_INFINITY;
  effects = [];
  conflicts = 0;
  for (const event of job.events) eventing.emit(event);
  await eventing.idle();
  return { counts: eventing.counts, effects, conflicts };
}

process.on('message', (job: WorkerJob) => {
  run(job).then(
    (report) => say({ report }),
    (error: unknown) =>
      say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
// The client of the store is loaded by its first call.
await eventing.ports.objects.head('raw/none');
say({ ready: true });
