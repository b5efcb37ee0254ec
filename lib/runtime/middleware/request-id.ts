/** Every answer carries the request's id: the caller's when it is plain, else a new one. */
import { randomUUID } from 'node:crypto';
import type middy from '@middy/core';
import type { HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';

export function requestIdOf(headers: HttpEvent['headers']): string {
  const given = headers?.['x-request-id'];
  return given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

export function requestId(): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const stamp = (request: middy.Request<HttpEvent, HttpResponse>) => {
    if (request.response == null) return;
    request.response.headers['x-request-id'] = requestIdOf(request.event.headers);
  };
  return { after: stamp, onError: stamp };
}
