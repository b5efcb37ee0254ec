/**
 * Host of API functions: an HTTP event in, an answer or problem+json out. The order is the order of trust: request id,
 * errors, who calls, what the caller may do and how often, then the schemas, then the flow.
 */
import middy from '@middy/core';
import { type Caller, mayDo, type Permission } from '#lib/domain/access.ts';
import { busy, refusal } from '#lib/domain/errors.ts';
import type { Format } from '#lib/formats/negotiate.ts';
import { type Authenticate, authenticator } from '#lib/runtime/access/authenticator.ts';
import { requireEventToken } from '#lib/runtime/access/event-token.ts';
import { type RateLimit, rateLimit } from '#lib/runtime/access/rate-limit.ts';
import { requireLocal } from '#lib/runtime/access/require-local.ts';
import { type StreamLimit, streamLimit } from '#lib/runtime/access/stream-limit.ts';
import { type AnswerCache, answerCache, type StreamedRows } from '#lib/runtime/answer/answer-cache.ts';
import { bytesBody } from '#lib/runtime/bytes-body.ts';
import { type Platform, platform } from '#lib/runtime/compose.ts';
import {
  type HostContext,
  type HttpEvent,
  type HttpResponse,
  type LambdaResponse,
  lambdaResponse,
} from '#lib/runtime/http-event.ts';
import { jsonBody } from '#lib/runtime/json-body.ts';
import { problemJson } from '#lib/runtime/middleware/problem-json.ts';
import { requestId } from '#lib/runtime/middleware/request-id.ts';
import { securityHeaders } from '#lib/runtime/middleware/security-headers.ts';
import { queryParameters } from '#lib/runtime/query-parameters.ts';
import type { RouteTrigger } from '#lib/runtime/triggers.ts';

/** What a flow gets: query and path parameters, with the body where the route takes one. */
export type RouteInput<Query, Body> = unknown extends Body ? Query : Query & { readonly body: Body };

export type RouteFlow<Query, Body, Answer> = (
  input: RouteInput<Query, Body>,
  ports: Platform,
  caller: Caller,
) => Promise<Answer>;

/** All rows of an answer in a format, made one batch after the other. */
export type RowStream<Query> = (
  format: Format,
  input: Query,
  ports: Platform,
  caller: Caller,
) => Promise<StreamedRows>;

export type HttpHandler = (event: HttpEvent, context: HostContext) => Promise<HttpResponse | LambdaResponse>;

/** Whoever a public route is asked by. */
const NOBODY: Caller = { subject: 'nobody', roles: [], tenant: 'nobody', entitlements: [] };
/** Longer than any answer takes that is of use; a flow that hangs must not hold its caller. */
const ANSWER_TIMEOUT_MS = 30_000;

/** What all routes of this process share. */
interface Desk {
  readonly ports: Platform;
  readonly authenticate: Authenticate;
  readonly limit: RateLimit;
  readonly streams: StreamLimit;
  readonly answers: AnswerCache;
}

let desk: Promise<Desk> | undefined;

function openDesk(): Promise<Desk> {
  desk ??= platform().then((ports) => ({
    ports,
    authenticate: authenticator(ports.config, ports.sql),
    limit: rateLimit(ports.config.AURUM_RATE_PER_MINUTE),
    streams: streamLimit(),
    answers: answerCache(ports),
  }));
  desk.catch(() => {
    desk = undefined; // The next request tries again.
  });
  return desk;
}

export function onRequest<Query, Body, Answer>(
  trigger: RouteTrigger<Query, Body, Answer>,
  flow: RouteFlow<Query, Body, Answer>,
  stream?: RowStream<RouteInput<Query, Body>>,
): HttpHandler {
  const handle = async (event: HttpEvent): Promise<HttpResponse> => {
    const { ports, authenticate, limit, streams, answers } = await openDesk();
    if (ports.config.AURUM_AUTH === 'development') requireLocal(event);
    const caller = await callerOf(trigger, event, authenticate, ports.config.AURUM_EVENT_TOKEN);
    // Who is nobody shares no limit: probes are never refused for what others ask.
    if (caller !== NOBODY) limit(caller.subject);
    requirePermission(trigger, caller);
    const answer = await answers.respond(trigger.contract, event, caller, {
      value: async (tables) => inTime(flow(await inputOf(trigger, event), { ...ports, tables }, caller)),
      rows:
        stream &&
        (async (format, tables) =>
          stream(format, await inputOf(trigger, event), { ...ports, tables }, caller)),
    });
    return { ...answer, body: streams(caller.subject, answer.body) };
  };
  const handler = middy<HttpEvent, HttpResponse>()
    .use(requestId())
    .use(securityHeaders())
    .use(problemJson())
    .handler(handle) as unknown as (event: HttpEvent, context: HostContext) => Promise<HttpResponse>;
  return async (event, context) => {
    const answer = await handler(event, context);
    return context.takesBytes === true ? answer : lambdaResponse(answer);
  };
}

async function callerOf(
  { contract }: RouteTrigger<never, never, never> | RouteTrigger,
  { headers = {} }: HttpEvent,
  authenticate: Authenticate,
  event_token: string | undefined,
): Promise<Caller> {
  if (contract.permission === 'public') return NOBODY;
  if (contract.permission === 'events') {
    requireEventToken(headers.authorization, event_token);
    return NOBODY;
  }
  return authenticate(headers);
}

function requirePermission(
  { contract }: RouteTrigger<never, never, never> | RouteTrigger,
  caller: Caller,
): void {
  if (caller === NOBODY || mayDo(caller, contract.permission as Permission)) return;
  throw refusal('access_forbidden', `this needs the permission ${contract.permission}`, {
    remedy: 'Ask an administrator for a role that has it.',
  });
}

async function inputOf<Query, Body>(
  { contract }: RouteTrigger<Query, Body, never> | RouteTrigger<Query, Body, unknown>,
  event: HttpEvent,
): Promise<RouteInput<Query, Body>> {
  const query = queryParameters(event, contract.query);
  if (contract.body === undefined) return query as RouteInput<Query, Body>;
  const { bytes, body: schema } = contract;
  const body = bytes === undefined ? jsonBody(event, schema) : await bytesBody(event, schema, bytes);
  return { ...query, body } as RouteInput<Query, Body>;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(busy('answer_late', 'the answer took too long', { remedy: 'Ask for less, or again later.' })),
      ANSWER_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
