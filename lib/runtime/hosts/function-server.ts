/**
 * The process of a container: serves the functions AURUM_FUNCTION names, one (`ingest/parse-workbook`), a folder (`api`)
 * or several (`api,ingest`), with /health and /ready. A wrong setting ends it with 2 before it listens; SIGTERM ends it
 * with 0 when all requests are answered, with 1 when some were not within the time and will be delivered again.
 */
import { z } from 'zod';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { platform } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { logLine } from '#lib/runtime/log.ts';
import { type FunctionServer, functionServer } from './server.ts';
import type { ServedFunction } from './server-call.ts';
import { type FunctionEntry, functionList } from './server-functions.gen.ts';

const count = z.coerce.number().int().positive();

/** Settings of the process itself; those of the stores are read with all others. */
const serverSettings = z.object({
  AURUM_FUNCTION: z.string({ error: 'is not set' }),
  AURUM_CONCURRENCY: count.optional(),
  AURUM_BODY_LIMIT_BYTES: count.optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
});

/** An instance is to be gone 10 s after the signal, answered or not. */
const DRAIN_MS = 9_000;
const PROBES = ['api/health', 'api/ready'];

async function main(): Promise<void> {
  let server: FunctionServer | undefined;
  // At once: as the first process of a container, node is deaf to a signal it has no listener for.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(server));
  loadSecrets(process.env.AURUM_ENV_FILE);
  const settings = readSettings();
  const entries = chosen(settings.AURUM_FUNCTION);
  const config = readConfig(process.env);
  const functions = await Promise.all(entries.map(loaded));
  await platform();
  server = functionServer({
    functions,
    event_token: config.AURUM_EVENT_TOKEN,
    concurrency: settings.AURUM_CONCURRENCY,
    body_limit_bytes: settings.AURUM_BODY_LIMIT_BYTES,
  });
  const port = await server.listen(settings.PORT).catch((cause: unknown) => {
    throw refusal('port_taken', `port ${settings.PORT} cannot be listened on`, { field: 'PORT', cause });
  });
  const after_ms = Math.round(process.uptime() * 1_000);
  logLine('info', 'server_ready', { port, serves: settings.AURUM_FUNCTION, after_ms });
}

/** Written by the secrets agent; the distroless image has no shell that could read it. What is set already stays. */
function loadSecrets(path: string | undefined): void {
  if (path === undefined) return;
  try {
    process.loadEnvFile(path);
  } catch (cause) {
    throw refusal('setting_invalid', `${path} cannot be read`, {
      field: 'AURUM_ENV_FILE',
      remedy: 'Let the secrets agent write it before the container starts, or leave the setting out.',
      cause,
    });
  }
}

function readSettings(): z.infer<typeof serverSettings> {
  const parsed = serverSettings.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const field = path.join('.');
  throw refusal('setting_invalid', message, {
    field,
    remedy: 'Correct it in the environment of the container.',
  });
}

/** The functions that are named, one by one or by their folder, and the probes. */
function chosen(names: string): FunctionEntry[] {
  const wanted = names.split(',').map((name) => name.trim());
  const isOf = (entry: FunctionEntry, name: string) =>
    entry.name === name || entry.name.startsWith(`${name}/`);
  const unknown = wanted.find((name) => !functionList.some((entry) => isOf(entry, name)));
  if (unknown !== undefined) {
    const known = functionList.map((entry) => entry.name).join(', ');
    throw refusal('setting_invalid', `there is no function "${unknown}"`, {
      field: 'AURUM_FUNCTION',
      remedy: `Name one of ${known}, or their folder.`,
    });
  }
  return functionList.filter(
    (entry) => PROBES.includes(entry.name) || wanted.some((name) => isOf(entry, name)),
  );
}

async function loaded({ name, trigger }: FunctionEntry): Promise<ServedFunction> {
  const { handler } = (await import(`../../../functions/${name}.ts`)) as Pick<ServedFunction, 'handler'>;
  return { name, trigger, handler };
}

async function stop(server: FunctionServer | undefined): Promise<void> {
  const isFinished = (await server?.drain(DRAIN_MS)) ?? true;
  logLine(isFinished ? 'info' : 'warn', 'server_stopped', { finished: isFinished });
  process.exit(isFinished ? 0 : 1);
}

main().catch((error: unknown) => {
  const known = error instanceof AurumError ? error : undefined;
  const reason = known === undefined ? undefined : errorLine(known.detail());
  logLine('error', 'server_not_started', {
    reason: reason ?? (error instanceof Error ? error.stack : String(error)),
  });
  process.exit(known?.kind === 'refused' ? 2 : 1);
});
