/**
 * What is found of one release while it is proved: what agrees, counted; what does not, named by cell. Knows no witness.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { CellFault } from './verify-cells.ts';

/** One disagreement, named by cell where it is about one. */
export interface Mismatch {
  /** Stable, lower snake case; `cell_...`, `staged_...`, `log_...` say which witness disagrees with the data file. */
  readonly code: string;
  readonly message: string;
  readonly cell?: string;
  readonly fields?: readonly string[];
  /** The values themselves: a vendor's prices, not for every eye. */
  readonly expected?: unknown;
  readonly found?: unknown;
}

export interface ReleaseProof {
  /** Null for the records of the log that belong to no release. */
  readonly version: string | null;
  readonly vendor: string | null;
  readonly asof_date: string | null;
  readonly source_file: string | null;
  /** Rows of the data file. */
  readonly rows: number;
  /** What was found to agree. */
  readonly proven: {
    readonly mids: number;
    readonly bid_asks: number;
    readonly staged_rows: number;
    readonly log_records: number;
    readonly lake_objects: number;
  };
  readonly mismatch_count: number;
  /** By code. */
  readonly mismatch_codes: Readonly<Record<string, number>>;
  /** The first hundred of each code. */
  readonly mismatches: readonly Mismatch[];
}

const NAMED_A_CODE = 100;

/** What was found of one release so far. */
export interface Findings {
  readonly release: CurveRelease;
  readonly sample: number | undefined;
  readonly proven: { -readonly [name in keyof ReleaseProof['proven']]: number };
  readonly codes: Map<string, number>;
  readonly mismatches: Mismatch[];
  rows: number;
}

export function note(findings: Findings, mismatch: Mismatch): void {
  const count = (findings.codes.get(mismatch.code) ?? 0) + 1;
  findings.codes.set(mismatch.code, count);
  if (count <= NAMED_A_CODE) findings.mismatches.push(mismatch);
}

export function noteRows(
  findings: Findings,
  code: string,
  what: string,
  cell: string,
  fields: readonly (keyof CurveObservation)[],
  expected: CurveObservation,
  found: CurveObservation,
): void {
  const only = (row: CurveObservation) => Object.fromEntries(fields.map((field) => [field, row[field]]));
  const message = `${what} and the data file differ in ${fields.join(', ')}`;
  note(findings, { code, message, cell, fields, expected: only(expected), found: only(found) });
}

const FAULT_TEXTS: Readonly<Record<CellFault['code'], string>> = {
  cell_missing: 'no price stands in the cell of the row',
  cell_differs: 'the cell and the mid of the data file differ',
  bid_ask_missing: 'no bid and ask stand in the cell of the row',
  bid_ask_differs: 'the cell and the bid or ask of the data file differ',
  value_differs: 'the value is not the side that price_type says',
  curve_key_differs: 'the curve key is not the hash of the identity',
  version_hash_differs: 'the version hash is not of this workbook',
};

export function noteFault(findings: Findings, { code, ...fault }: CellFault): void {
  note(findings, { code, message: FAULT_TEXTS[code], ...fault });
}

export function proofOf({ release, rows, proven, codes, mismatches }: Findings): ReleaseProof {
  const { version, vendor, asof_date, source_file } = release;
  return {
    version,
    vendor,
    asof_date,
    source_file,
    rows,
    proven,
    mismatch_count: [...codes.values()].reduce((sum, count) => sum + count, 0),
    mismatch_codes: Object.fromEntries(codes),
    mismatches,
  };
}

/** Row numbers to compare: all, or so many of them evenly spread. */
export function* rowsToCompare(length: number, sample: number | undefined): Generator<number> {
  const count = Math.min(length, sample ?? length);
  for (let index = 0; index < count; index++) yield Math.floor((index * length) / count);
}
