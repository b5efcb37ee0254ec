/** Handlers in a process of their own, as a function's container is. Takes events, tells what became of them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ObjectCreated } from '#events/object-created.ts';
import { type Eventing, startEventing } from './eventing.ts';
import type { SiteSettings } from './ports.ts';
import type { Site } from './site.ts';

export interface WorkerJob {
  readonly events: readonly ObjectCreated[];
  /** SIGKILL before its n-th effect, counted from 1. */
  readonly kill_at?: number;
}

export interface WorkerReport {
  /** Since the worker started. */
  readonly counts: Eventing['counts'];
  /** Of this job in their order, by name: what a kill can come between. */
  readonly effects: readonly string[];
  /** Of this job: how often another process was faster to move a branch. */
  readonly conflicts: number;
}

export interface WorkerSettings {
  readonly site: SiteSettings;
  readonly lanes: number;
  readonly timeless: boolean;
}

export interface Worker {
  run(job: WorkerJob): Promise<WorkerReport>;
  end(): Promise<void>;
}

export interface WorkerProcess extends Worker {
  readonly process: ChildProcess;
  /** For a process that is to be killed. */
  runUntilKilled(job: WorkerJob): Promise<WorkerReport | 'killed'>;
}

export type WorkerMessage =
  | { readonly ready: true }
  | { readonly report: WorkerReport }
  | { readonly error: string };

/**
 * `count` processes on the real services. Local stores have one process that writes, as `npm start` does: there it is this
 * one.
 */
export async function startWorkers(site: Site, count: number, lanes: number): Promise<readonly Worker[]> {
  if (site.where === 'stack')
    return Promise.all(Array.from({ length: count }, () => startWorkerProcess(site.settings, { lanes })));
  const eventing = await startEventing(site.open, { lanes });
  return [
    {
      async run({ events }) {
        for (const event of events) eventing.emit(event);
        await eventing.idle();
        return { counts: eventing.counts, effects: [], conflicts: 0 };
      },
      end: async () => undefined,
    },
  ];
}

export async function startWorkerProcess(
  site: SiteSettings,
  { lanes = 8, timeless = false }: { readonly lanes?: number; readonly timeless?: boolean } = {},
): Promise<WorkerProcess> {
  const settings: WorkerSettings = { site, lanes, timeless };
  const child = fork(join(import.meta.dirname, 'worker-process.ts'), [JSON.stringify(settings)], {
    // kafkajs waits for times that are past.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }) as const);
  const answer = async (): Promise<WorkerMessage | 'killed'> => {
    const given = once(child, 'message').then(([message]) => message as WorkerMessage);
    const ended = exited.then(({ code, signal }): 'killed' => {
      if (signal === 'SIGKILL') return 'killed';
      throw new Error(`a worker ended with ${code ?? signal}`);
    });
    const message = await Promise.race([given, ended]);
    if (message !== 'killed' && 'error' in message) throw new Error(`in a worker: ${message.error}`);
    return message;
  };
  if ((await answer()) === 'killed') throw new Error('a worker was killed as it started');
  const runUntilKilled = async (job: WorkerJob): Promise<WorkerReport | 'killed'> => {
    child.send(job);
    const message = await answer();
    if (message === 'killed') return message;
    if (!('report' in message)) throw new Error('a worker answered out of turn');
    return message.report;
  };
  return {
    process: child,
    runUntilKilled,
    async run(job) {
      const report = await runUntilKilled(job);
      if (report === 'killed') throw new Error('a worker was killed by somebody else');
      return report;
    },
    async end() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
