/** Errors as RFC 9457 problem+json with a stable `code`. What is our fault is logged in full and told in one line. */
import type middy from '@middy/core';
import { AurumError } from '#lib/domain/errors.ts';
import { type HttpEvent, type HttpResponse, jsonResponse } from '#lib/runtime/http-event.ts';
import { logLine } from '#lib/runtime/log.ts';

const STATUS = { refused: 400, busy: 503, fault: 500 } as const;

/** Endings of codes that say more than the kind of the error. */
const BY_ENDING = [
  ['_unauthorised', 401],
  ['_forbidden', 403],
  ['_not_found', 404],
  ['_not_allowed', 405],
  ['not_acceptable', 406],
  ['_conflict', 409],
  ['_too_large', 413],
  ['expectation_unsupported', 417],
  ['_unsupported', 415],
  ['rate_exceeded', 429],
] as const;

/** What a status wants said besides. What is left of a body that is not read is not worth reading. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  413: { connection: 'close' },
  415: { connection: 'close' },
  429: { 'retry-after': '1' },
  503: { 'retry-after': '1' },
};

export function problemJson(): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  return {
    onError: (request) => {
      request.response = problem(request.error, request.event.rawPath ?? '');
    },
  };
}

function statusOf(code: string, known: AurumError | undefined): number {
  if (known === undefined) return STATUS.fault;
  return BY_ENDING.find(([ending]) => code.endsWith(ending))?.[1] ?? STATUS[known.kind];
}

/** The answer to an error: the ending of its code decides the status, else its kind. */
export function problem(error: unknown, instance: string): HttpResponse & { readonly body: string } {
  const known = error instanceof AurumError && error.kind !== 'fault' ? error : undefined;
  if (known === undefined) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logLine('error', 'request_failed', { instance, stack });
  }
  const detail = known?.detail() ?? { code: 'internal_error', message: 'the request could not be answered' };
  const { code, message, remedy, ...place } = detail;
  const status = statusOf(code, known);
  const title = code.replaceAll('_', ' ');
  const body = { type: 'about:blank', title, status, code, detail: message, remedy, instance, ...place };
  const answer = jsonResponse(status, body);
  const headers = {
    ...HEADERS[status],
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  };
  return { ...answer, headers };
}
