/**
 * Functions behind `node:http`, as Knative and OpenFaaS call them: routes from the triggers; limits on requests at once,
 * on bodies and on slow senders; an end that finishes what was begun. Knows neither stores nor where functions lie.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { busy, refusal } from '#lib/domain/errors.ts';
import type { HostContext, HttpResponse } from '#lib/runtime/http-event.ts';
import { problem } from '#lib/runtime/middleware/problem-json.ts';
import { requestIdOf } from '#lib/runtime/middleware/request-id.ts';
import { SECURITY_HEADERS } from '#lib/runtime/middleware/security-headers.ts';
import { eventPath } from '#lib/runtime/triggers.ts';
import {
  type Call,
  httpEvent,
  NO_BODY,
  readBody,
  refuse,
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
  readonly max_connections?: number;
  /** How long a reader of an answer may take nothing of it. */
  readonly stalled_ms?: number;
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
const MAX_CONNECTIONS = 4_096;
const MAKE_ROOM_MS = 50;
const STALLED_MS = 30_000;
/** Of bodies that are arriving, together. */
const ARRIVING_LIMIT_BYTES = 256 * 1024 * 1024;
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
  const arriving = { bytes: 0, limit_bytes: ARRIVING_LIMIT_BYTES };
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
      return route.answer({
        ...call,
        body: NO_BODY,
        readBody: (limit) => readBody(request, limit, arriving),
      });
    }
    return route.answer({ ...call, body: await readBody(request, body_limit_bytes, arriving) });
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = splitTarget(request.url!);
    const answered = await answer(request, path, query).catch((error: unknown) => problem(error, path));
    if (response.destroyed) return; // The caller is gone.
    if (isStopping()) response.setHeader('connection', 'close');
    const headers = crossOrigin(request, options.cors_origins, withCommon(answered, request));
    write(response, { ...answered, headers }, request.method === 'HEAD', options.stalled_ms ?? STALLED_MS);
  }

  const server = createServer(timeouts(options), (request, response) => {
    open++;
    response.once('close', () => {
      open--;
      if (open === 0) ended?.();
    });
    respond(request, response).catch((error: unknown) =>
      write(response, problem(error, ''), false, STALLED_MS),
    );
  });
  server.maxConnections = options.max_connections ?? MAX_CONNECTIONS;
  server.on('clientError', refuse);
  server.on('checkExpectation', (request, response) => {
    const error = refusal('expectation_unsupported', 'only `Expect: 100-continue` is met');
    const answered = problem(error, request.url ?? '');
    write(response, { ...answered, headers: withCommon(answered, request) }, false, STALLED_MS);
  });
  makeRoom(server);

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

/** What every answer carries, also one that no function gave. */
function withCommon({ headers }: HttpResponse, request: IncomingMessage): Record<string, string> {
  if ('x-request-id' in headers) return headers;
  const id = requestIdOf(request.headers as Record<string, string>);
  return { ...SECURITY_HEADERS, 'x-request-id': id, ...headers };
}

/** Connections that do nothing make room for those that come, before there are too many. */
function makeRoom(server: Server): void {
  let connections = 0;
  let made_ms = 0;
  server.on('connection', (socket) => {
    connections++;
    socket.once('close', () => connections--);
    if (connections < server.maxConnections / 2 || performance.now() - made_ms < MAKE_ROOM_MS) return;
    made_ms = performance.now();
    server.closeIdleConnections();
  });
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
