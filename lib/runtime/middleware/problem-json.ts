/** Errors as RFC 9457 problem+json with a stable `code`. What is our fault is logged in full and told in one line. */
import type middy from '@middy/core';
import { AurumError } from '#lib/domain/errors.ts';
import type { HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';
import { logLine } from '#lib/runtime/log.ts';

const STATUS = { refused: 400, busy: 503, fault: 500 } as const;

export function problemJson(): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  return {
    onError: (request) => {
      request.response = problem(request.error, request.event.rawPath ?? '');
    },
  };
}

function statusOf(code: string, known: AurumError | undefined): number {
  if (code.endsWith('_not_found')) return 404;
  if (code.endsWith('_unauthorised')) return 401;
  return STATUS[known?.kind ?? 'fault'];
}

/** The answer to an error; the kind decides the status, `not_found` codes are 404. */
export function problem(error: unknown, instance: string): HttpResponse {
  const known = error instanceof AurumError && error.kind !== 'fault' ? error : undefined;
  if (known === undefined) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logLine('error', 'request_failed', { instance, stack });
  }
  const detail = known?.detail() ?? { code: 'internal_error', message: 'the request could not be answered' };
  const status = statusOf(detail.code, known);
  const { code, message, remedy, ...place } = detail;
  const body = {
    type: 'about:blank',
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail: message,
    remedy,
    instance,
    ...place,
  };
  return {
    statusCode: status,
    headers: {
      'content-type': 'application/problem+json',
      ...(status === 503 ? { 'retry-after': '1' } : {}),
    },
    body: JSON.stringify(body),
  };
}
