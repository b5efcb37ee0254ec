/**
 * A small workbook's rows as the gate sees them, every relation held: monthly curves, strips, sparks, both sides.
 * Rows are plain objects that a test may spoil; `tableOf` makes the columnar table of them.
 */
import { type CurveTable, curveKey, type Identity, type Series, type Tenor } from '#lib/domain/curve.ts';
import type { GateInput } from '#lib/domain/gate.ts';
import { addMonths, coveredMonths, monthTenor, OTC_SEASONS, parseTenor } from '#lib/domain/tenor.ts';
import { PRICE_TYPES, type PriceType } from '#schemas/curve-observation.ts';

export const ASOF = '2025-09-12';
export const HEAT_RATES = { EU: 2, UK: 0.694513017 };
const FIRST_MONTH = '2025-09-01';
const MONTHS = 28;
const STRIPS = ['Calendar 2025', 'Calendar 2026', 'Summer 2025', 'Summer 2026', 'Winter 2026', 'Q1 2026'];

export interface Cell {
  sheet: string;
  row: number;
  column: number;
}

export interface Row extends Tenor {
  series: Series;
  price_type: PriceType;
  value: number;
  bid: number;
  ask: number;
  mid: number;
  version_hash: string;
  cell: Cell;
  bid_ask_cell: Cell | null;
}
/** A row whose parts a test may overwrite. */
export type Draft = { -readonly [Field in keyof Row]: Row[Field] };

interface Curve {
  readonly identity: Partial<Identity> & { asset_class: string };
  readonly level: number;
  readonly currency: string;
  readonly per_unit: string;
}

const CURVES: readonly Curve[] = [
  curve('gas', 'EU', 'Dutch_TTF', 'gas', null, 31, 'EUR', 'MWh'),
  curve('gas', 'UK', 'NBP', 'gas', null, 79, 'GBp', 'therm'),
  curve('power', 'EU', 'German', 'power', 'BASE', 88, 'EUR', 'MWh'),
  curve('power', 'EU', 'German', 'power', 'PEAK', 104, 'EUR', 'MWh'),
  curve('power', 'UK', 'Great_Britian', 'power', 'BASE', 77, 'GBP', 'MWh'),
  curve('carbon', 'EU', 'EUA', 'carbon', null, 71, 'EUR', 'tonne'),
  curve('fuel', 'US', 'New York', 'NY ULSD vs. Gasoil', null, 0.2, 'USD', 'gal'),
  curve('fuel', 'EU', 'Rotterdam', 'Diesel 10ppm', null, 655, 'USD', 'tonne'),
  curve('renewable', 'US', 'PJM', 'PJM Tri Qualified', null, 33, 'USD', 'MWh (certificate)'),
];
const SPARKS = [
  { spark: 2, gas: 0, peak: 'BASE' },
  { spark: 3, gas: 0, peak: 'Peak' },
  { spark: 4, gas: 1, peak: 'BASE' },
];

function curve(
  asset_class: string,
  region: string,
  location: string,
  product: string,
  block: string | null,
  level: number,
  currency: string,
  per_unit: string,
): Curve {
  return {
    identity: { asset_class, region, location, market: location, product, block },
    level,
    currency,
    per_unit,
  };
}

function seriesOf(
  identity: Partial<Identity> & { asset_class: string },
  currency: string,
  per_unit: string,
): Series {
  const whole: Identity = {
    iso: null,
    region: null,
    location: null,
    market: null,
    product: null,
    block: null,
    spark_location: null,
    ...identity,
  };
  return { ...whole, units_raw: null, currency, per_unit, curve_key: curveKey(whole) };
}

const round3 = (price: number): number => Math.round(price * 1000) / 1000;
const hashOf = (sheet: string): string => Buffer.from(sheet.padEnd(32, '-')).toString('hex').slice(0, 64);

/** A seasonal level; the differential (level 0.2) changes sign and is exactly 0 in one month. */
function priceOf(level: number, month: number, shift: number): number {
  if (level < 1) return month === 7 ? 0 : level * Math.cos(month / 2) + shift / 100;
  return level * (1 + 0.1 * Math.cos((month * Math.PI) / 6) + month / 700) + shift;
}

function quoted(
  series: Series,
  tenor: Tenor,
  sheet: string,
  row: number,
  column: number,
  mid: number,
  width: number,
): Draft {
  return {
    ...tenor,
    series,
    price_type: 'Mid',
    value: mid,
    bid: round3(mid - width / 2),
    ask: round3(mid + width / 2),
    mid,
    version_hash: hashOf(`${sheet} - Mid`),
    cell: { sheet: `${sheet} - Mid`, row, column },
    bid_ask_cell: { sheet: `${sheet} - BidAsk`, row, column },
  };
}

/** All rows of the day; `shift` moves every price, for another day. */
export function goodRows(asof_date = ASOF, shift = 0): Draft[] {
  const rows: Draft[] = [];
  const months = Array.from({ length: MONTHS }, (_, index) => addMonths(FIRST_MONTH, index));
  const mids = CURVES.map(({ level }) => months.map((_, month) => priceOf(level, month, shift)));
  CURVES.forEach(({ identity, currency, per_unit }, index) => {
    const series = seriesOf(identity, currency, per_unit);
    months.forEach((month, at) => {
      rows.push(
        quoted(series, monthTenor(month), 'Fixed Prices', 12 + at, 3 + index, mids[index]![at]!, 0.2),
      );
    });
    STRIPS.forEach((label, at) => {
      const tenor = parseTenor(label, asof_date, OTC_SEASONS)!;
      const covered = coveredMonths(tenor, asof_date, OTC_SEASONS).map((month) => months.indexOf(month));
      const mean = covered.reduce((sum, month) => sum + mids[index]![month]!, 0) / covered.length;
      rows.push(quoted(series, tenor, 'Strips', 12 + at, 3 + index, round3(mean), 0.372));
    });
  });
  SPARKS.forEach(({ spark, gas, peak }, index) => {
    const power = CURVES[spark]!.identity;
    const spark_location = CURVES[gas]!.identity.location!;
    const heatRate = HEAT_RATES[power.region as 'EU' | 'UK'];
    const identity = { ...power, product: 'spark_spread', block: peak, spark_location };
    const series = seriesOf(identity, CURVES[spark]!.currency, 'MWh');
    months.forEach((month, at) => {
      const mid = mids[spark]![at]! - heatRate * mids[gas]![at]!;
      const row = quoted(series, monthTenor(month), 'Spark Spread', 12 + at, 3 + index, mid, 0);
      rows.push({ ...row, bid: Number.NaN, ask: Number.NaN, bid_ask_cell: null });
    });
  });
  return rows;
}

/** Code of each distinct value, in order of appearance. */
function dictionary<Value>() {
  const codes = new Map<string, number>();
  const values: Value[] = [];
  const codeOf = (value: Value): number => {
    const text = JSON.stringify(value);
    const code = codes.get(text) ?? values.push(value) - 1;
    codes.set(text, code);
    return code;
  };
  return { values, codeOf };
}

export function tableOf(
  rows: readonly Draft[],
  asof_date = ASOF,
  source_file = 'EOD_TEST_20250912_1430.xlsx',
): CurveTable {
  const series = dictionary<Series>();
  const tenors = dictionary<Tenor>();
  const sheets = dictionary<{ sheet_name: string; version_hash: string }>();
  const sheetCode = ({ sheet }: Cell, version_hash: string) =>
    sheets.codeOf({ sheet_name: sheet, version_hash });
  const numbers = (pick: (row: Draft) => number) => Float64Array.from(rows, pick);
  return {
    asof_date,
    source_file,
    length: rows.length,
    series: series.values,
    tenors: tenors.values,
    sheets: sheets.values,
    seriesCode: Uint32Array.from(rows, (row) => series.codeOf(row.series)),
    tenorCode: Uint32Array.from(rows, ({ tenor_type, contract_month, tenor_label }) =>
      tenors.codeOf({ tenor_type, contract_month, tenor_label }),
    ),
    sheetCode: Uint16Array.from(rows, (row) => sheetCode(row.cell, row.version_hash)),
    priceType: Uint8Array.from(rows, (row) => PRICE_TYPES.indexOf(row.price_type)),
    value: numbers((row) => row.value),
    bid: numbers((row) => row.bid),
    ask: numbers((row) => row.ask),
    mid: numbers((row) => row.mid),
    cellRow: Uint32Array.from(rows, (row) => row.cell.row),
    cellColumn: Uint16Array.from(rows, (row) => row.cell.column),
    bidAskSheetCode: Uint16Array.from(rows, ({ bid_ask_cell: cell }) =>
      cell === null ? 0 : sheetCode(cell, hashOf(cell.sheet)),
    ),
    bidAskRow: Uint32Array.from(rows, (row) => row.bid_ask_cell?.row ?? 0),
    bidAskColumn: Uint16Array.from(rows, (row) => row.bid_ask_cell?.column ?? 0),
  };
}

/** The good rows as a gate's input, `spoil`ed where given; the parse is taken to have counted the good rows. */
export function gateInput(spoil: (rows: Draft[]) => Draft[] | undefined = () => undefined): GateInput {
  const rows = goodRows();
  const expected_rows = rows.length;
  return {
    table: tableOf(spoil(rows) ?? rows),
    previous: tableOf(goodRows(ASOF, -0.4), '2025-09-11'),
    seasons: OTC_SEASONS,
    heatRates: HEAT_RATES,
    parameters: { expected_rows },
  };
}
