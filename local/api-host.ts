/**
 * Serves the API on this machine by the server that serves it on Knative, within the process of serverless-offline, so that
 * both share the embedded stores. serverless-offline emulates the functions that events call, and keeps their clock.
 * Loaded by serverless-offline as a plugin.
 */
import { platform } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { functionServer } from '#lib/runtime/hosts/server.ts';
import type { ServedFunction } from '#lib/runtime/hosts/server-call.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { pollTopics } from '#lib/runtime/hosts/topic.ts';
import { warmInBackground } from '#lib/runtime/hosts/warm.ts';
import { guardNotifiedPorts } from './notified-ports.ts';

/** How soon a record is taken that somebody published. */
const TOPIC_PAUSE_MS = 250;

export default class ApiHost {
  readonly hooks = { 'after:offline:start:init': serve };

  constructor() {
    const { AURUM_EVENTS_PORT, AURUM_LAMBDA_PORT } = readConfig(process.env);
    guardNotifiedPorts({ events_port: AURUM_EVENTS_PORT, lambda_port: AURUM_LAMBDA_PORT });
  }
}

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const wanted = functionList.filter(({ trigger }) => trigger.kind === 'http' || trigger.kind === 'topic');
  const loaded = await Promise.all(wanted.map(load));
  const routes = loaded.filter(({ trigger }) => trigger.kind === 'http');
  const server = functionServer({ functions: routes, cors_origins: config.AURUM_CORS_ORIGINS });
  pollTopics(loaded, TOPIC_PAUSE_MS);
  await server.listen(config.AURUM_HTTP_PORT, '127.0.0.1');
  warmInBackground(routes, await platform());
}

async function load({ name, trigger }: (typeof functionList)[number]): Promise<ServedFunction> {
  const { handler } = (await import(`../functions/${name}.ts`)) as Pick<ServedFunction, 'handler'>;
  return { name, trigger, handler };
}
