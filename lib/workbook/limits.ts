/**
 * What one workbook may cost, and the one way this folder refuses a file. Knows nothing of zip or XML.
 */

import { type AurumError, type ErrorPlace, refusal } from '#lib/domain/errors.ts';
import { MAX_COLUMNS, MAX_ROWS } from '#lib/domain/sheet.ts';

export interface Limits {
  /** Bytes of the file itself. */
  readonly file_bytes: number;
  /** Entries of the archive. */
  readonly entries: number;
  /** Bytes of all entries together, and of one, once expanded. */
  readonly expanded_bytes: number;
  readonly part_bytes: number;
  /** Expanded bytes per stored byte of one entry above 1 MiB. Excel's own sheets stay below 30. */
  readonly ratio: number;
  readonly sheets: number;
  /** Highest row and column a cell may stand in, and the rows of all sheets together. */
  readonly rows: number;
  readonly columns: number;
  readonly rows_in_all: number;
  /** Cells of all sheets together. */
  readonly cells: number;
  /** Strings of the workbook's pool. */
  readonly strings: number;
}

const MIB = 1024 * 1024;

/** Room for 40 times the largest vendor workbook; together they keep a read below 512 MB. */
export const DEFAULT_LIMITS: Limits = {
  file_bytes: 64 * MIB,
  entries: 4_096,
  expanded_bytes: 192 * MIB,
  part_bytes: 64 * MIB,
  ratio: 250,
  sheets: 256,
  rows: MAX_ROWS,
  columns: MAX_COLUMNS,
  rows_in_all: 2 * MAX_ROWS,
  cells: 4_000_000,
  strings: 2_000_000,
};

/** The file being read: its name for messages, and what it may cost. */
export interface Subject {
  readonly source_file: string;
  readonly limits: Limits;
}

const SAVE_AGAIN = 'Open the file in Excel, save it as .xlsx and deliver it again.';

export function refuse(
  subject: Subject,
  code: string,
  message: string,
  options: { remedy?: string; cause?: unknown } & Omit<ErrorPlace, 'file'> = {},
): AurumError {
  return refusal(code, message, { remedy: SAVE_AGAIN, ...options, file: subject.source_file });
}

/** Refuses what is larger than the limit of that name allows. */
export function overLimit(
  subject: Subject,
  limit: keyof Limits,
  what: string,
  place: Omit<ErrorPlace, 'file'> = {},
): AurumError {
  return refuse(subject, 'limit_exceeded', `${what}; at most ${subject.limits[limit]} are read`, {
    remedy: 'Deliver a smaller workbook.',
    ...place,
  });
}
