/** Cross-origin rules: which pages may call the routes, by configuration; without one, none but our own. */
import type { IncomingMessage } from 'node:http';

const PREFLIGHT_KEPT_S = 600;

/** @returns headers for the answer to a page of an allowed origin; none for any other. */
export function crossOrigin(request: IncomingMessage, origins: readonly string[] = []): [string, string][] {
  const { origin } = request.headers;
  if (origins.length === 0) return [];
  const allowed = origin !== undefined && (origins.includes('*') || origins.includes(origin));
  if (!allowed) return [['vary', 'origin']];
  const headers: [string, string][] = [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', 'etag, x-request-id'],
    ['cross-origin-resource-policy', 'cross-origin'],
    ['vary', 'origin'],
  ];
  if (request.method !== 'OPTIONS') return headers;
  return [
    ...headers,
    ['access-control-allow-methods', 'GET, HEAD, POST'],
    ['access-control-allow-headers', 'authorization, content-type, if-none-match, x-request-id'],
    ['access-control-max-age', String(PREFLIGHT_KEPT_S)],
  ];
}
