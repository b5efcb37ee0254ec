/**
 * What passes between a parser and the thread it runs in: outcomes with their buffers handed over, errors with all
 * their fields. Knows nothing of how a workbook is read.
 */
import { AurumError, type ErrorKind, type ErrorPlace } from '#lib/domain/errors.ts';
import type { ParseOutcome, WorkbookSource } from '#lib/ports/workbook-parser.ts';

/** From the parser to its thread. */
export interface ParseRequest {
  readonly source: WorkbookSource;
}

/** From the thread to the parser; `ready` once, when the entry module is loaded. */
export type ParseReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly outcome: ParseOutcome }
  | { readonly kind: 'failed'; readonly failure: ParseFailure };

/** An AurumError as a message carries it: structured cloning keeps the text of an error and loses its fields. */
export interface ParseFailure {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly place: ErrorPlace;
  readonly stack: string | undefined;
}

/** The error as it is when it is coded, else our own fault. */
export function parseError(error: unknown, file: string): AurumError {
  if (error instanceof AurumError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new AurumError('fault', 'parse_failed', `Reading the workbook failed: ${reason}`, {
    file,
    cause: error,
  });
}

export function failureOf(error: AurumError): ParseFailure {
  const { kind, code, message, remedy, place } = error;
  const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
  return { kind, code, message, remedy, place, stack };
}

export function errorOf({ kind, code, message, remedy, place, stack }: ParseFailure): AurumError {
  const error = new AurumError(kind, code, message, {
    ...place,
    ...(remedy === undefined ? {} : { remedy }),
  });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Buffers of an outcome that change hands instead of being copied; each one once. */
export function buffersOf({ table, coverage }: ParseOutcome): ArrayBuffer[] {
  const views = [...Object.values(table), ...coverage.map((sheet) => sheet.roles)].filter(ArrayBuffer.isView);
  return [...new Set(views.map((view) => view.buffer as ArrayBuffer))];
}
