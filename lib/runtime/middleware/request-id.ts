/** Every answer carries the request's id: the caller's when it is plain, else a new one. */
import { randomUUID } from 'node:crypto';
import type middy from '@middy/core';
import type { HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';

export function requestId(): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const stamp = (request: middy.Request<HttpEvent, HttpResponse>) => {
    const given = request.event.headers?.['x-request-id'];
    const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    if (request.response != null) request.response.headers['x-request-id'] = id;
  };
  return { after: stamp, onError: stamp };
}
