/** Cross-origin rules: which pages may call the routes, by configuration; without one, none but our own. */
import type { IncomingMessage } from 'node:http';

const PREFLIGHT_KEPT_S = 600;

/** Headers of the answer that a page may read. */
const EXPOSED = 'aurum-meta, content-disposition, etag, retry-after, x-request-id';

/** @returns the answer's headers, with leave for a page of an allowed origin. */
export function crossOrigin(
  { method, headers: { origin } }: IncomingMessage,
  origins: readonly string[] | undefined,
  headers: Record<string, string>,
): Record<string, string> {
  if (origins === undefined || origins.length === 0) return headers;
  const varied = { ...headers, vary: headers.vary === undefined ? 'origin' : `${headers.vary}, origin` };
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return varied;
  const allowed = {
    ...varied,
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    'cross-origin-resource-policy': 'cross-origin',
  };
  if (method !== 'OPTIONS') return allowed;
  return {
    ...allowed,
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': 'authorization, content-type, if-none-match, x-request-id',
    'access-control-max-age': String(PREFLIGHT_KEPT_S),
  };
}
