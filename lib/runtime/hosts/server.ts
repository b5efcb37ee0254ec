/**
 * Functions behind `node:http`, as Knative and OpenFaaS call them: routes from the triggers; limits on requests at once,
 * on bodies and on slow senders; an end that finishes what was begun. Knows neither stores nor where functions lie.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { busy, refusal } from '#lib/domain/errors.ts';
import type { HostContext, HttpResponse } from '#lib/runtime/http-event.ts';
import { problem } from '#lib/runtime/middleware/problem-json.ts';
import { eventPath } from '#lib/runtime/triggers.ts';
import {
  type Call,
  httpEvent,
  NO_BODY,
  readBody,
  type ServedFunction,
  splitTarget,
  write,
} from './server-call.ts';
import { crossOrigin } from './server-cors.ts';
import { eventAnswer } from './server-events.ts';
import { type Route, routeTable } from './server-routes.ts';

export interface FunctionServerOptions {
  readonly functions: readonly ServedFunction[];
  /** Requests answered at once, probes apart; those above are told to come again. */
  readonly concurrency?: number | undefined;
  readonly body_limit_bytes?: number | undefined;
  /** Bearer token that events must carry. */
  readonly event_token?: string | undefined;
  /** How long a sender may take over its headers, and over the whole request. */
  readonly headers_timeout_ms?: number;
  readonly request_timeout_ms?: number;
  /** Origins whose pages may call the routes; `*` for all. */
  readonly cors_origins?: readonly string[];
}

export interface FunctionServer {
  /** @returns the port, when it takes requests. */
  listen(port: number, host?: string): Promise<number>;
  /** Takes nothing new and finishes what is under way. @returns false when the time was up before that. */
  drain(timeout_ms: number): Promise<boolean>;
}

const DEFAULT_CONCURRENCY = 64;
const DEFAULT_BODY_LIMIT_BYTES = 1024 * 1024;
const DEFAULT_HEADERS_TIMEOUT_MS = 10_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the minute after which balancers drop an idle connection, so that they never meet one just closed. */
const KEEP_ALIVE_MS = 65_000;
/** Each may hold a body of the limit while it arrives. */
const MAX_CONNECTIONS = 1_024;
/** Paths of the probes, and what OpenFaaS calls them. */
const PROBES = new Map([
  ['/health', '/_/health'],
  ['/ready', '/_/ready'],
]);

const TAKES_BYTES: HostContext = { takesBytes: true };

type Answering = (call: Call) => Promise<HttpResponse>;

export function functionServer(options: FunctionServerOptions): FunctionServer {
  const find = routeTable(routesOf(options));
  const body_limit_bytes = options.body_limit_bytes ?? DEFAULT_BODY_LIMIT_BYTES;
  let open = 0;
  let ended: (() => void) | undefined;
  const isStopping = () => ended !== undefined;

  async function answer(request: IncomingMessage, path: string, query: string): Promise<HttpResponse> {
    if (isStopping()) throw busy('server_stopping', 'this instance is going away');
    const method = request.method!;
    const found = find(method, path);
    if ('allowed' in found) {
      if (method === 'OPTIONS') return { statusCode: 204, headers: { allow: found.allowed }, body: '' };
      return notAllowed(method, path, found.allowed);
    }
    const source_ip = request.socket.remoteAddress ?? '';
    const { route, parameters } = found;
    const call = { method, path, query, parameters, headers: request.headers, source_ip };
    if (route.takes === 'bytes') {
      return route.answer({ ...call, body: NO_BODY, readBody: (limit) => readBody(request, limit) });
    }
    return route.answer({ ...call, body: await readBody(request, body_limit_bytes) });
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = splitTarget(request.url!);
    const answered = await answer(request, path, query).catch((error: unknown) => problem(error, path));
    if (response.destroyed) return; // The caller is gone.
    for (const [name, value] of crossOrigin(request, options.cors_origins)) response.setHeader(name, value);
    if (isStopping()) response.setHeader('connection', 'close');
    write(response, answered, request.method === 'HEAD');
  }

  const server = createServer(timeouts(options), (request, response) => {
    open++;
    response.once('close', () => {
      open--;
      if (open === 0) ended?.();
    });
    respond(request, response).catch((error: unknown) => write(response, problem(error, ''), false));
  });
  server.maxConnections = MAX_CONNECTIONS;

  return {
    async listen(port, host) {
      server.listen(port, host);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    async drain(timeout_ms) {
      const finished = new Promise<boolean>((resolve) => {
        ended = () => resolve(true);
        setTimeout(resolve, timeout_ms, false).unref();
      });
      server.close();
      if (open === 0) ended?.();
      const isFinished = await finished;
      server.closeAllConnections();
      return isFinished;
    },
  };
}

function notAllowed(method: string, path: string, allow: string): HttpResponse {
  const answer = problem(
    refusal('method_not_allowed', `${method} is not answered here`, { remedy: `Allowed: ${allow}.` }),
    path,
  );
  return { ...answer, headers: { ...answer.headers, allow } };
}

function timeouts({ headers_timeout_ms, request_timeout_ms }: FunctionServerOptions): ServerOptions {
  return {
    headersTimeout: headers_timeout_ms ?? DEFAULT_HEADERS_TIMEOUT_MS,
    requestTimeout: request_timeout_ms ?? DEFAULT_REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

function routesOf({ functions, concurrency, event_token }: FunctionServerOptions): Route<Answering>[] {
  const limited = limit(concurrency ?? DEFAULT_CONCURRENCY);
  const isOnlyEvent = functions.filter(({ trigger }) => trigger.kind !== 'http').length === 1;
  return functions.flatMap((served): Route<Answering>[] => {
    const { trigger, handler, name } = served;
    if (trigger.kind !== 'http') {
      const answer = limited(eventAnswer(served, event_token));
      const paths = [eventPath(name.split('/').at(-1)!), ...(isOnlyEvent ? ['/'] : [])];
      return paths.map((path) => ({ method: 'POST', path, answer }));
    }
    const { method, path, takes } = trigger;
    const answer: Answering = async (call) =>
      (await handler(httpEvent(call, `${method} ${path}`), TAKES_BYTES)) as HttpResponse;
    const probe = PROBES.get(path);
    const reading = takes === undefined ? {} : { takes };
    if (probe === undefined) return [{ method, path, ...reading, answer: limited(answer) }];
    return [
      { method, path, answer },
      { method, path: probe, answer },
    ];
  });
}

/** At most `concurrency` answers in the making, over all functions; a sender holds no place before its body is there. */
function limit(concurrency: number): (answer: Answering) => Answering {
  let working = 0;
  return (answer) => async (call) => {
    if (working >= concurrency) throw busy('server_busy', 'this instance has as many requests as it takes');
    working++;
    try {
      return await answer(call);
    } finally {
      working--;
    }
  };
}
