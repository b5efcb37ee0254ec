/**
 * What a vendor's workbook looks like, as data: which sheets, which headers, what a column's headers mean. Says whether a
 * workbook fits and finds its sheets. Knows no vendor; reading the cells is in `price-sheets.ts`.
 */
import { refusal } from './errors.ts';
import {
  FIRST_PRICE_COLUMN,
  type FrameRule,
  findHeaderFrame,
  type HeaderField,
  type HeaderFrame,
  headerValues,
} from './header-frame.ts';
import type { ColumnSeries } from './series.ts';
import { cellName, type Sheet, type Workbook } from './sheet.ts';
import type { SeasonRule } from './tenor.ts';
import type { LayoutFit, ParseContext } from './vendor.ts';

export interface SheetRule {
  /** As the vendor writes it. */
  readonly name: string;
  /** On the bare name, letters and digits in lower case; left out: equal to that of `name`. */
  readonly matches?: RegExp;
  /** `copy`: repeats points of the mid sheets, to be proved equal and not ingested. */
  readonly side: 'mid' | 'bid_ask' | 'copy';
  /** Header rows without which the sheet cannot be read. */
  readonly fields: readonly HeaderField[];
  readonly required: boolean;
  /** Why the cells of a copy are ignored once they are proved equal. */
  readonly copyReason?: string;
}

/** Why a column or a cell yields no row. */
export interface Issue {
  readonly code: string;
  readonly message: string;
}

/** What a column's headers mean; a `note` is reported once however many columns give it. */
export type ColumnMeaning =
  | { readonly series: ColumnSeries; readonly note?: string }
  | { readonly issue: Issue };

export type HeaderOf = (field: HeaderField) => string | null;

export interface PriceLayout extends FrameRule {
  readonly vendor: string;
  readonly seasons: SeasonRule;
  /** A blank header repeats the one to its left. */
  readonly carry: boolean;
  readonly sheets: readonly SheetRule[];
  /** Labels that tell this layout from the others: those it must have, those it never has. */
  readonly signature: { readonly has: readonly HeaderField[]; readonly lacks: readonly HeaderField[] };
  /** Only called when every field of the sheet's rule has a value in the column. */
  readonly identify: (header: HeaderOf) => ColumnMeaning;
}

export interface MatchedSheet {
  readonly sheet: Sheet;
  readonly rule: SheetRule;
  readonly frame: HeaderFrame;
}

const bareName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

function ruleFor(layout: PriceLayout, sheet: Sheet): SheetRule | undefined {
  const bare = bareName(sheet.name);
  return layout.sheets.find((rule) => rule.matches?.test(bare) ?? bareName(rule.name) === bare);
}

/** Sheets the layout knows, in its order: mids, then bid/ask, then copies. */
export function matchedSheets(workbook: Workbook, layout: PriceLayout): MatchedSheet[] {
  const order = ['mid', 'bid_ask', 'copy'];
  return workbook.sheets
    .flatMap((sheet) => {
      const rule = ruleFor(layout, sheet);
      return rule === undefined ? [] : [{ sheet, rule, frame: findHeaderFrame(sheet, layout) }];
    })
    .sort((one, other) => order.indexOf(one.rule.side) - order.indexOf(other.rule.side));
}

/** Labels the vendors do not write as a capital and small letters. */
const WRITTEN_LABELS: Partial<Record<HeaderField, string>> = {
  iso: 'ISO',
  peak: 'PEAK',
  spark_location: 'Spark Location',
};
const labelText = (field: HeaderField): string =>
  WRITTEN_LABELS[field] ?? field[0]!.toUpperCase() + field.slice(1);

/** Whether the labels of the first known sheet are this vendor's, and which sheets are missing. */
export function layoutFit(workbook: Workbook, layout: PriceLayout): LayoutFit {
  const matched = matchedSheets(workbook, layout);
  const missing = missingSheets(matched, layout).map((rule) => `sheet ${rule.name} missing`);
  const first = matched[0];
  if (first === undefined) return { vendor: layout.vendor, fits: false, reasons: missing };
  const { has, lacks } = layout.signature;
  const found = (field: HeaderField) => `row ${first.frame.rows.get(field)} label ${labelText(field)} found`;
  const there = has.filter((field) => first.frame.rows.has(field));
  const absent = has.filter((field) => !first.frame.rows.has(field));
  const foreign = lacks.filter((field) => first.frame.rows.has(field));
  return {
    vendor: layout.vendor,
    fits: absent.length === 0 && foreign.length === 0,
    reasons: [
      `sheet ${first.sheet.name} found`,
      ...there.map(found),
      ...absent.map((field) => `label ${labelText(field)} missing in sheet ${first.sheet.name}`),
      ...foreign.map((field) => `${found(field)}, which this layout never has`),
      ...missing,
    ],
  };
}

function missingSheets(matched: readonly MatchedSheet[], layout: PriceLayout): SheetRule[] {
  return layout.sheets.filter((rule) => rule.required && !matched.some((sheet) => sheet.rule === rule));
}

/** @throws AurumError (refused) for a missing sheet, a missing header row or one that stands there twice. */
export function requireSheets(
  matched: readonly MatchedSheet[],
  layout: PriceLayout,
  { source_file }: ParseContext,
): void {
  const [missing] = missingSheets(matched, layout);
  if (missing !== undefined) {
    throw refusal('sheet_missing', `sheet "${missing.name}" is missing`, {
      file: source_file,
      sheet: missing.name,
      remedy: 'Ask the vendor for the complete workbook.',
    });
  }
  for (const { sheet, rule, frame } of matched) {
    const place = { file: source_file, sheet: sheet.name };
    const absent = rule.fields.find((field) => !frame.rows.has(field));
    if (absent !== undefined) {
      throw refusal('header_row_missing', `no header row ${labelText(absent)}`, {
        ...place,
        field: absent,
        remedy: `Label the row "${labelText(absent)}" in column A or B.`,
      });
    }
    if (frame.repeated !== undefined) {
      throw refusal('header_row_repeated', `two header rows ${labelText(frame.repeated)}`, {
        ...place,
        field: frame.repeated,
        remedy: 'Leave one of them.',
      });
    }
  }
}

/** Header texts of every column, read once a sheet. Undefined for a column that has no header of its own. */
export function columnHeaders(matched: MatchedSheet, carry: boolean): (HeaderOf | undefined)[] {
  const { sheet, frame } = matched;
  const fields = [...frame.rows.keys()].filter((field) => field !== 'date');
  const own = fields.map((field) => headerValues(frame, field, false));
  const carried = carry ? fields.map((field) => headerValues(frame, field, field !== 'side')) : own;
  const at = new Map<HeaderField, (string | null)[]>(fields.map((field, index) => [field, carried[index]!]));
  const headers = new Array<HeaderOf | undefined>(sheet.columnCount + 1).fill(undefined);
  for (let column = FIRST_PRICE_COLUMN; column <= sheet.columnCount; column++) {
    if (own.some((values) => values[column] !== null))
      headers[column] = (field) => at.get(field)?.[column] ?? null;
  }
  return headers;
}

/** Sheets that may be missing and are, for the notes. */
export function absentSheetNotes(matched: readonly MatchedSheet[], layout: PriceLayout): string[] {
  return layout.sheets
    .filter((rule) => !rule.required && !matched.some((sheet) => sheet.rule === rule))
    .map((rule) => `sheet ${rule.name} is not in the workbook`);
}

/** What stands in the header area and is not understood, for the notes. */
export function unknownLabelNotes({ sheet, frame }: MatchedSheet): string[] {
  return frame.unknownLabels.map(
    ({ row, column, text }) =>
      `${sheet.name}!${cellName(row, column)} "${text.slice(0, 40)}" is no label of this layout`,
  );
}
