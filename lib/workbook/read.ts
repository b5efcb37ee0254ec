/**
 * Reads an .xlsx workbook: bytes in, typed and addressed cells out, or one refusal that names the reason.
 * Synchronous and pure; meant to run where it can be stopped. Knows nothing of vendors.
 */
import type { Workbook } from '#lib/domain/sheet.ts';
import { sharedState } from './cells.ts';
import { DEFAULT_LIMITS, type Limits, refuse, type Subject } from './limits.ts';
import { type Package, partBytes, readWorkbookPart } from './package.ts';
import { preflight } from './preflight.ts';
import type { CellContext } from './scan.ts';
import { parseSheet, scanSheet } from './sheet.ts';
import { parseStrings, readStrings } from './strings.ts';
import { readDateStyles } from './styles.ts';

export interface ReadOptions {
  /** Name of the file, for messages. */
  readonly source_file: string;
  readonly limits?: Partial<Limits>;
  /** `strict` leaves the scanners out; cells are equal either way. */
  readonly reading?: 'fast' | 'strict';
}

const DAYS_FROM_1900_TO_1904 = 1462;

/**
 * @throws AurumError (refused), always of one of: `not_a_workbook`, `workbook_encrypted`, `workbook_bomb`,
 *   `workbook_truncated`, `workbook_malformed`, `compression_unsupported`, `entry_name_refused`, `duplicate_part`,
 *   `duplicate_sheet`, `duplicate_cell`, `part_missing`, `doctype_refused`, `limit_exceeded`, `cell_address_invalid`,
 *   `string_index_out_of_range`, `no_sheets`, `no_cells`.
 */
export function readWorkbook(bytes: Uint8Array, options: ReadOptions): Workbook {
  const isFast = options.reading !== 'strict';
  const subject: Subject = {
    source_file: options.source_file,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file: Package = { subject, bytes: buffer, parts: preflight(buffer, subject) };
  const workbook = readWorkbookPart(file);
  const texts = readTexts(file, workbook.stringsPart, isFast);
  const context: CellContext = {
    dateStyles: readDateStyles(file, workbook.stylesPart),
    dateShift: workbook.dateSystem === 1904 ? DAYS_FROM_1900_TO_1904 : 0,
    sharedStrings: texts.length,
  };
  const shared = sharedState(subject, texts);
  const sheets = workbook.sheets.map((listed) => {
    const source = { listed, bytes: partBytes(file, listed.part), shared, context };
    return (isFast ? scanSheet(source) : undefined) ?? parseSheet(source);
  });
  if (shared.used.cells === 0) throw refuse(subject, 'no_cells', 'The workbook holds no cell');
  return { sheets, dateSystem: workbook.dateSystem };
}

function readTexts(file: Package, part: string | undefined, isFast: boolean): string[] {
  if (part === undefined) return [];
  const bytes = partBytes(file, part);
  return isFast ? readStrings(bytes, part, file.subject) : parseStrings([bytes], part, file.subject).texts;
}
