/**
 * Identity of a curve and the columnar table of its points that flows from the parser to Parquet, Avro and the API.
 * Knows nothing of vendors, files on disk or storage. The dictionary codes the parser makes survive to the last byte
 * written, so no stage hashes or compares a string per row.
 */
import { hash } from 'node:crypto';
import type { CurveObservation, PriceType, TenorType } from '#schemas/curve-observation.ts';
import { cellAddress } from './sheet.ts';

export interface Identity {
  readonly asset_class: string;
  readonly iso: string | null;
  readonly region: string | null;
  readonly location: string | null;
  readonly market: string | null;
  readonly product: string | null;
  readonly block: string | null;
  readonly spark_location: string | null;
}

export interface Units {
  /** As the workbook writes it; null where it writes none. */
  readonly units_raw: string | null;
  readonly currency: string | null;
  readonly per_unit: string | null;
}

export interface Tenor {
  readonly tenor_type: TenorType;
  /** First day of the first delivery month. */
  readonly contract_month: string;
  readonly tenor_label: string;
}

/** One curve in one sheet: what all its points have in common. */
export interface Series extends Identity, Units {
  readonly curve_key: string;
}

/** A sheet that rows come from, with the version of its content. */
export interface SheetVersion {
  readonly sheet_name: string;
  readonly version_hash: string;
}

/**
 * Points of one workbook, columnar. `series`, `tenors` and `sheets` are dictionaries; the arrays have one entry a row.
 * A missing price is NaN in the arrays and null in a row. Rows and columns of cells are 1-based; 0 = no such cell.
 */
export interface CurveTable {
  readonly asof_date: string;
  readonly source_file: string;
  readonly length: number;
  readonly series: readonly Series[];
  readonly tenors: readonly Tenor[];
  readonly sheets: readonly SheetVersion[];
  readonly seriesCode: Uint32Array;
  readonly tenorCode: Uint32Array;
  /** Sheet of the mid (or of the only side). */
  readonly sheetCode: Uint16Array;
  /** Index into PRICE_TYPES. */
  readonly priceType: Uint8Array;
  readonly value: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly mid: Float64Array;
  readonly cellRow: Uint32Array;
  readonly cellColumn: Uint16Array;
  readonly bidAskSheetCode: Uint16Array;
  readonly bidAskRow: Uint32Array;
  readonly bidAskColumn: Uint16Array;
}

/** Rows of a released table, in the order of `rows`: what travels where an object a row would be waste. */
export interface CurveBatch {
  readonly table: CurveTable;
  readonly ingest_ts: string;
  /** Row numbers of the table. */
  readonly rows: Uint32Array;
}

/** Parts of an identity in the order the key is made of them. */
export const IDENTITY_FIELDS = [
  'asset_class',
  'iso',
  'region',
  'location',
  'market',
  'product',
  'block',
  'spark_location',
] as const;

/** Trimmed, inner blanks folded to one, lower case; null is empty. */
export function normalisedIdentityPart(part: string | null): string {
  return part === null ? '' : part.trim().replace(/\s+/g, ' ').toLowerCase();
}

/** `sha256(asset_class|iso|region|location|market|product|block|spark_location)`, hex. */
export function curveKey(identity: Identity): string {
  return hash(
    'sha256',
    IDENTITY_FIELDS.map((field) => normalisedIdentityPart(identity[field])).join('|'),
    'hex',
  );
}

/** `sha256(source_file|sheet_name|asof_date|sha256 of the workbook's bytes)`, hex. */
export function versionHash(
  source_file: string,
  sheet_name: string,
  asof_date: string,
  workbook_sha256: string,
): string {
  return hash('sha256', [source_file, sheet_name, asof_date, workbook_sha256].join('|'), 'hex');
}

/**
 * Name of a workbook's version in object keys, commits and messages: `20250912-<16 hex>`. The hash is over file name,
 * as-of and bytes, so the same delivery always gets the same name, and it is known before the workbook is parsed.
 */
export function workbookVersion(source_file: string, asof_date: string, workbook_sha256: string): string {
  const digest = hash('sha256', [source_file, asof_date, workbook_sha256].join('|'), 'hex');
  return `${asof_date.replaceAll('-', '')}-${digest.slice(0, 16)}`;
}

const PRICE_TYPE_NAMES: readonly PriceType[] = ['Mid', 'Bid', 'Ask'];
const orNull = (price: number): number | null => (Number.isNaN(price) ? null : price);

/** Row `index` of the table as a canonical row, keys in canonical order. */
export function rowAt(table: CurveTable, index: number, ingest_ts: string): CurveObservation {
  const series = table.series[table.seriesCode[index]!]!;
  const tenor = table.tenors[table.tenorCode[index]!]!;
  const sheet = table.sheets[table.sheetCode[index]!]!;
  const bidAskRow = table.bidAskRow[index]!;
  return {
    asof_date: table.asof_date,
    source_file: table.source_file,
    sheet_name: sheet.sheet_name,
    asset_class: series.asset_class,
    region: series.region,
    iso: series.iso,
    location: series.location,
    market: series.market,
    product: series.product,
    block: series.block,
    spark_location: series.spark_location,
    price_type: PRICE_TYPE_NAMES[table.priceType[index]!]!,
    units_raw: series.units_raw,
    currency: series.currency,
    per_unit: series.per_unit,
    tenor_type: tenor.tenor_type,
    contract_month: tenor.contract_month,
    tenor_label: tenor.tenor_label,
    value: table.value[index]!,
    bid: orNull(table.bid[index]!),
    ask: orNull(table.ask[index]!),
    mid: orNull(table.mid[index]!),
    curve_key: series.curve_key,
    version_hash: sheet.version_hash,
    source_cell: cellAddress(sheet.sheet_name, table.cellRow[index]!, table.cellColumn[index]!),
    source_cell_bid_ask:
      bidAskRow === 0
        ? null
        : cellAddress(
            table.sheets[table.bidAskSheetCode[index]!]!.sheet_name,
            bidAskRow,
            table.bidAskColumn[index]!,
          ),
    _ingest_ts: ingest_ts,
  };
}

/** All rows of the table, in table order. */
export function* rowsOf(table: CurveTable, ingest_ts: string): Generator<CurveObservation> {
  for (let index = 0; index < table.length; index++) yield rowAt(table, index, ingest_ts);
}
