/**
 * The one error type that crosses a boundary: a stable code, a message for a person with the remedy, and whether
 * trying again can help. Knows nothing of HTTP, exit codes or queues; the hosts translate.
 */

/** `refused`: the input is wrong (HTTP 4xx, exit 2, dead letter). `busy`: try again. `fault`: ours (HTTP 500, exit 1). */
export type ErrorKind = 'refused' | 'busy' | 'fault';

/** Where in the input the trouble is; every part that is known is given. */
export interface ErrorPlace {
  readonly file?: string;
  readonly sheet?: string;
  readonly cell?: string;
  readonly field?: string;
}

export interface ErrorDetail extends ErrorPlace {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

export class AurumError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly place: ErrorPlace;

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    options: { remedy?: string; cause?: unknown } & ErrorPlace = {},
  ) {
    const { remedy, cause, ...place } = options;
    super(message, cause === undefined ? {} : { cause });
    this.name = 'AurumError';
    this.kind = kind;
    this.code = code;
    this.remedy = remedy;
    this.place = place;
  }

  get retryable(): boolean {
    return this.kind === 'busy';
  }

  detail(): ErrorDetail {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...this.place,
    };
  }
}

/** The input is wrong and stays wrong: names the place and the remedy. */
export function refusal(
  code: string,
  message: string,
  options: { remedy?: string; cause?: unknown } & ErrorPlace = {},
): AurumError {
  return new AurumError('refused', code, message, options);
}

/** Something we depend on is not there now; the same call may succeed later. */
export function busy(
  code: string,
  message: string,
  options: { remedy?: string; cause?: unknown } = {},
): AurumError {
  return new AurumError('busy', code, message, options);
}

/** One line for a terminal or a log: `EOD_X.xlsx, Strips - Mid!C12: reason (code). Remedy.` */
export function errorLine(detail: ErrorDetail): string {
  const at = [detail.sheet, detail.cell].filter(Boolean).join('!');
  const where = [detail.file, at || undefined, detail.field].filter(Boolean).join(', ');
  const remedy = detail.remedy === undefined ? '' : ` ${detail.remedy}`;
  return `${where === '' ? '' : `${where}: `}${detail.message} (${detail.code}).${remedy}`;
}
