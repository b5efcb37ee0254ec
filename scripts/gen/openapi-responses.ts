/** Responses and headers that routes have in common, as components of the OpenAPI. Which route has which is not said here. */
import { problem } from '#schemas/problem.ts';
import type { ApiSchemas, Json } from './api-schemas.ts';

const text = { type: 'string' };
const HEADERS = {
  'x-request-id': { description: "The caller's own when it is plain, else a new one", schema: text },
  etag: { description: 'Names the state of the released curves; for If-None-Match', schema: text },
  'aurum-meta': {
    description: '`meta` without its lists, JSON; where the body has no place for it',
    schema: text,
  },
  'retry-after': { description: 'Seconds', schema: { type: 'integer' } },
  'www-authenticate': { description: 'Bearer', schema: text },
} as const;
export type HeaderName = keyof typeof HEADERS;

interface Common {
  readonly name: string;
  readonly description: string;
  readonly headers?: readonly HeaderName[];
  /** Without a problem to read. */
  readonly bare?: true;
}

const RESPONSES = {
  304: {
    name: 'NotModified',
    description: 'What the caller holds is current',
    headers: ['etag'],
    bare: true,
  },
  400: { name: 'BadRequest', description: 'A parameter or the body is not what the route takes' },
  401: { name: 'Unauthorized', description: 'No valid token', headers: ['www-authenticate'] },
  403: { name: 'Forbidden', description: 'The caller may not do this' },
  404: { name: 'NotFound', description: 'There is no such thing, or not for the caller' },
  406: { name: 'NotAcceptable', description: 'None of the media types asked for is available' },
  409: { name: 'Conflict', description: 'What is there already excludes it' },
  413: { name: 'ContentTooLarge', description: 'The body is too large' },
  415: { name: 'UnsupportedMediaType', description: 'The body is of a type the route does not take' },
  429: {
    name: 'TooManyRequests',
    description: 'More than the caller has a minute',
    headers: ['retry-after'],
  },
  // Said by the server before there is a request: without a body.
  431: { name: 'HeadersTooLarge', description: 'The address and the headers are too long', bare: true },
  500: { name: 'InternalError', description: 'The request could not be answered' },
  503: { name: 'Unavailable', description: 'Not now; asked again, it may be', headers: ['retry-after'] },
} as const satisfies Readonly<Record<number, Common>>;
export type CommonStatus = keyof typeof RESPONSES;

export const commonHeaders: Json = Object.fromEntries(
  Object.entries(HEADERS).map(([name, header]) => [componentName(name), header]),
);

export function commonResponses(schemas: ApiSchemas): Json {
  const content = { 'application/problem+json': { schema: schemas.of(problem, 'output') } };
  return Object.fromEntries(
    Object.values(RESPONSES).map(({ name, description, headers = [], bare }: Common) => [
      name,
      { description, headers: headersOf(headers), ...(bare === true ? {} : { content }) },
    ]),
  );
}

/** References to these of the common responses, by status. */
export function responsesOf(statuses: readonly CommonStatus[]): Json {
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${RESPONSES[status].name}` }]),
  );
}

/** Every answer carries its request's id. */
export function headersOf(names: readonly HeaderName[]): Json {
  const all = ['x-request-id', ...names];
  return Object.fromEntries(
    all.map((name) => [name, { $ref: `#/components/headers/${componentName(name)}` }]),
  );
}

/** `retry-after` -> `RetryAfter`, `as_known_at` -> `AsKnownAt` */
export function componentName(name: string): string {
  return name.replaceAll(/(?:^|[-_])(\w)/g, (_, letter: string) => letter.toUpperCase());
}
