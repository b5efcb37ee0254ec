/** Headers that keep a browser from doing with an answer what it was not made for. */
import type middy from '@middy/core';
import type { HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';

export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** What the answer states itself stands. */
export function securityHeaders(): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const add = ({ response }: middy.Request<HttpEvent, HttpResponse>) => {
    if (response == null) return;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers[name] ??= value;
  };
  return { after: add, onError: add };
}
