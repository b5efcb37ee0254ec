/** Generated curve tables of any size, deterministic by seed: the shape of a vendor workbook, no vendor's price. */
import { hash } from 'node:crypto';
import { type CurveTable, curveKey, type Series, versionHash } from '#lib/domain/curve.ts';
import { addMonths, monthTenor } from '#lib/domain/tenor.ts';

export interface TableShape {
  readonly asof_date?: string;
  readonly curves: number;
  readonly tenors: number;
  readonly seed?: number;
  readonly source_file?: string;
}

/** Small linear congruential generator: uniform in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

const ISOS = ['PJM', 'ERCOT', 'CAISO', 'MISO', 'NYISO', 'ISO-NE', 'SPP', null];
const BLOCKS = ['ON_PEAK', 'OFF_PEAK', 'BASE', null];

export function seriesOf(curve: number): Series {
  const identity = {
    asset_class: curve % 5 === 0 ? 'gas' : 'power',
    iso: ISOS[curve % ISOS.length]!,
    region: curve % 3 === 0 ? null : `Region ${curve % 11}`,
    location: `Hub ${curve}`,
    market: ['West', 'East', 'North'][curve % 3]!,
    product: null,
    block: BLOCKS[curve % BLOCKS.length]!,
    spark_location: curve % 7 === 0 ? 'Dominion South' : null,
  };
  const units = curve % 4 === 0 ? [null, null, null] : ['$/MWh', 'USD', 'MWh'];
  return {
    ...identity,
    units_raw: units[0]!,
    currency: units[1]!,
    per_unit: units[2]!,
    curve_key: curveKey(identity),
  };
}

/** Mids walk randomly in cents, bid and ask lie around most of them, some points are one-sided. */
export function curveTable(shape: TableShape): CurveTable {
  const { asof_date = '2025-09-12', curves, tenors, seed = 1 } = shape;
  const { source_file = `EOD_XX_${asof_date.replaceAll('-', '')}_1430.xlsx` } = shape;
  const random = randomNumbers(seed);
  const length = curves * tenors;
  const workbook = hash('sha256', `${source_file}${seed}`, 'hex');
  const sheets = ['Fixed Prices - Mid', 'Strips! - Mid', 'Fixed Prices - Bid & Ask'].map((sheet_name) => ({
    sheet_name,
    version_hash: versionHash(source_file, sheet_name, asof_date, workbook),
  }));
  const cents = () => Math.round(random() * 200);
  const table = {
    asof_date,
    source_file,
    length,
    series: Array.from({ length: curves }, (_, curve) => seriesOf(curve)),
    tenors: Array.from({ length: tenors }, (_, tenor) => tenorOf(asof_date, tenor)),
    sheets,
    seriesCode: new Uint32Array(length),
    tenorCode: new Uint32Array(length),
    sheetCode: new Uint16Array(length),
    priceType: new Uint8Array(length),
    value: new Float64Array(length).fill(Number.NaN),
    bid: new Float64Array(length).fill(Number.NaN),
    ask: new Float64Array(length).fill(Number.NaN),
    mid: new Float64Array(length).fill(Number.NaN),
    cellRow: new Uint32Array(length),
    cellColumn: new Uint16Array(length),
    bidAskSheetCode: new Uint16Array(length),
    bidAskRow: new Uint32Array(length),
    bidAskColumn: new Uint16Array(length),
  };
  // Row by row through the sheet, as a parser goes: the file's order is another one.
  for (let row = 0; row < length; row++) {
    const curve = row % curves;
    const tenor = (row - curve) / curves;
    const cent = 2000 + (curve % 60) * 100 + cents() * 3;
    const half = 5 + (cents() % 20);
    const kind = tenor % 10 === 9 ? cents() % 4 : 0;
    table.seriesCode[row] = curve;
    table.tenorCode[row] = tenor;
    table.sheetCode[row] = tenor % 5 === 4 ? 1 : 0;
    table.cellRow[row] = 9 + tenor;
    table.cellColumn[row] = 3 + curve;
    table.priceType[row] = kind === 3 ? 0 : kind;
    if (kind !== 2 && kind !== 3) table.bid[row] = (cent - half) / 100;
    if (kind !== 1 && kind !== 3) table.ask[row] = (cent + half) / 100;
    if (kind === 0 || kind === 3) table.mid[row] = cent / 100;
    table.value[row] = [table.mid, table.bid, table.ask][table.priceType[row]!]![row]!;
    if (kind !== 3) {
      table.bidAskSheetCode[row] = 2;
      table.bidAskRow[row] = 9 + tenor;
      table.bidAskColumn[row] = 3 + curve;
    }
  }
  return table;
}

function tenorOf(asof_date: string, tenor: number) {
  const month = addMonths(asof_date, 1 + tenor - Math.floor(tenor / 5));
  if (tenor % 5 !== 4) return monthTenor(month);
  const year = Number(asof_date.slice(0, 4)) + 1 + (tenor - 4) / 5;
  return {
    tenor_type: 'CALENDAR' as const,
    contract_month: `${year}-01-01`,
    tenor_label: `Cal ${year}`,
  };
}
