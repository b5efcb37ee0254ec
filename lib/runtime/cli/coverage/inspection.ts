/**
 * What a workbook holds and what each layout makes of it: counts, labels, fits, and after a parse the role of every cell.
 * Knows the reader and the adapters by what they return.
 */
import { hash } from 'node:crypto';
import { AurumError, type ErrorDetail } from '#lib/domain/errors.ts';
import { CELL_KIND_NAMES, cellName, type Sheet, textAt, type Workbook } from '#lib/domain/sheet.ts';
import {
  CELL_ROLE_NAMES,
  type CellFailure,
  type LayoutFit,
  type SheetCoverage,
  type VendorAdapter,
} from '#lib/domain/vendor.ts';
import type { ParseOutcome } from '#lib/ports/workbook-parser.ts';

export interface SheetInspection {
  readonly name: string;
  readonly visibility: Sheet['visibility'];
  readonly rows: number;
  readonly columns: number;
  readonly cells: number;
  /** Kind of cell -> count. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Texts in columns A and B of the first rows, where labels stand. */
  readonly labels: readonly { readonly cell: string; readonly text: string }[];
  /** Role -> count; null when no layout read the sheet. */
  readonly roles: Readonly<Record<string, number>> | null;
  /** Reason -> cells ignored for it. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly unaccounted_prices: number | null;
}

export interface Inspection {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly date_system: 1900 | 1904;
  readonly sheets: readonly SheetInspection[];
  readonly layouts: readonly LayoutFit[];
  readonly parsed: {
    readonly vendor: string;
    readonly asof_date: string;
    readonly rows: number;
    readonly curves: number;
    readonly failures: readonly CellFailure[];
    readonly notes: readonly string[];
  } | null;
  /** Why it could not be parsed. */
  readonly refused: ErrorDetail | null;
}

const LABEL_ROWS = 12;
const LABEL_COLUMNS = 2;

/** What came of parsing: the outcome, or the reason there is none. */
export type Attempt = { readonly outcome: ParseOutcome } | { readonly refused: ErrorDetail };

/** Runs the parse; only a refusal is part of an inspection, anything else is thrown on. */
export async function attempt(parse: () => ParseOutcome | Promise<ParseOutcome>): Promise<Attempt> {
  try {
    return { outcome: await parse() };
  } catch (error) {
    if (error instanceof AurumError && error.kind === 'refused') return { refused: error.detail() };
    throw error;
  }
}

export function inspect(
  file: string,
  bytes: Uint8Array,
  workbook: Workbook,
  adapters: readonly VendorAdapter[],
  attempted: Attempt,
): Inspection {
  const outcome = 'outcome' in attempted ? attempted.outcome : undefined;
  return {
    file,
    bytes: bytes.length,
    sha256: hash('sha256', bytes, 'hex'),
    date_system: workbook.dateSystem,
    sheets: workbook.sheets.map((sheet) => inspectSheet(sheet, coverageOf(sheet, outcome))),
    layouts: adapters.map((adapter) => adapter.fit(workbook)),
    parsed: outcome === undefined ? null : parsedOf(outcome),
    refused: 'refused' in attempted ? attempted.refused : null,
  };
}

export function coverageOf(sheet: Sheet, outcome: ParseOutcome | undefined): SheetCoverage | undefined {
  return outcome?.coverage.find((coverage) => coverage.sheet === sheet.name);
}

function parsedOf({ vendor, table, failures, notes }: ParseOutcome): NonNullable<Inspection['parsed']> {
  const curves = new Set(table.series.map(({ curve_key }) => curve_key)).size;
  return { vendor, asof_date: table.asof_date, rows: table.length, curves, failures, notes };
}

function inspectSheet(sheet: Sheet, coverage: SheetCoverage | undefined): SheetInspection {
  return {
    name: sheet.name,
    visibility: sheet.visibility,
    rows: sheet.rowCount,
    columns: sheet.columnCount,
    cells: sheet.cellCount,
    kinds: countsOf(sheet.kinds.subarray(0, sheet.cellCount), CELL_KIND_NAMES),
    labels: labelsOf(sheet),
    roles: coverage === undefined ? null : countsOf(coverage.roles, CELL_ROLE_NAMES),
    ignored: coverage?.ignored ?? {},
    unaccounted_prices: coverage?.unaccounted_prices ?? null,
  };
}

function countsOf(codes: Uint8Array, names: readonly string[]): Record<string, number> {
  const counts = new Array<number>(names.length).fill(0);
  for (const code of codes) counts[code]!++;
  return Object.fromEntries(
    names.map((name, code) => [name, counts[code]!] as const).filter(([, count]) => count > 0),
  );
}

function labelsOf(sheet: Sheet): SheetInspection['labels'] {
  const labels: { cell: string; text: string }[] = [];
  for (let row = 1; row <= Math.min(LABEL_ROWS, sheet.rowCount); row++) {
    for (let column = 1; column <= LABEL_COLUMNS; column++) {
      const text = textAt(sheet, row, column)?.trim() ?? '';
      if (text !== '') labels.push({ cell: cellName(row, column), text });
    }
  }
  return labels;
}
