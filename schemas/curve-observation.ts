/**
 * The canonical row of `market.curve_observation`: one price point of one curve, as served, published and stored.
 * Knows nothing of workbooks, files or columns in storage; every other shape of a row is derived from this one.
 */
import { z } from 'zod';

export const TENOR_TYPES = ['MONTHLY', 'CALENDAR', 'SEASON', 'QUARTER'] as const;
export const PRICE_TYPES = ['Mid', 'Bid', 'Ask'] as const;

/** A calendar date, `YYYY-MM-DD`, that exists. */
export const isoDate = z.iso.date();
/** An instant in UTC, RFC 3339 with milliseconds. */
export const utcTimestamp = z.iso.datetime({ precision: 3 });
export const uuid = z.uuid();
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
/** JSON as text, its members in canonical order (RFC 8785). */
export const canonicalJson = z.string().min(2);
export const tenorType = z.enum(TENOR_TYPES);
export const priceType = z.enum(PRICE_TYPES);
const label = z.string().min(1);
/** A price in the row's own unit. Full double precision: never rounded on its way. */
const price = z.number().nullable();

export const curveObservation = z.strictObject({
  asof_date: isoDate.describe('Market day of the quotation'),
  source_file: label.describe('File name of the workbook, without its folder'),
  sheet_name: label.describe('Sheet that holds the mid (or the only side) of this point'),
  asset_class: label.describe('power, gas, carbon, fuel, renewable'),
  region: label.nullable(),
  iso: label.nullable(),
  location: label.nullable(),
  market: label.nullable(),
  product: label.nullable(),
  block: label.nullable().describe('ON_PEAK, OFF_PEAK, BASE, PEAK ...; null where hours mean nothing'),
  spark_location: label.nullable().describe('Gas leg of a spark spread'),
  price_type: priceType.describe('Which side `value` is'),
  units_raw: z
    .string()
    .nullable()
    .describe('Unit exactly as the workbook writes it; null where it writes none'),
  currency: z.string().nullable().describe('ISO 4217 code, or GBp for pence; null when unknown'),
  per_unit: z
    .string()
    .nullable()
    .describe('Quantity the price is per: MWh, MMBtu, therm, tonne ...; null when unknown'),
  tenor_type: tenorType,
  contract_month: isoDate.describe('First day of the first delivery month'),
  tenor_label: label.describe('Tenor as the workbook writes it; a month as YYYY-MM'),
  value: z.number().describe('The price: the mid where there is one, else the one side quoted'),
  bid: price,
  ask: price,
  mid: price,
  curve_key: sha256Hex.describe('sha256 of the normalised identity'),
  version_hash: sha256Hex.describe('sha256 of source_file|sheet_name|asof_date|sha256 of the workbook'),
  source_cell: label.describe('Cell of the mid, `Sheet!H42`'),
  source_cell_bid_ask: label.nullable().describe('Cell of the bid/ask text, `Sheet!H42`'),
  _ingest_ts: utcTimestamp.describe('When the row was released'),
});

export type CurveObservation = z.infer<typeof curveObservation>;

/** What answers about curves say of each: its key, identity and units. */
export const describedCurve = curveObservation.pick({
  curve_key: true,
  asset_class: true,
  iso: true,
  region: true,
  location: true,
  market: true,
  product: true,
  block: true,
  spark_location: true,
  units_raw: true,
  currency: true,
  per_unit: true,
});

/** Column names in their canonical order. */
export const CURVE_COLUMNS = Object.keys(curveObservation.shape) as (keyof CurveObservation)[];

export type TenorType = (typeof TENOR_TYPES)[number];
export type PriceType = (typeof PRICE_TYPES)[number];
