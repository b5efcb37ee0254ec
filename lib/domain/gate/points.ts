/**
 * Points of a curve table found by curve, side, tenor type and month, with one number as key.
 * Knows nothing of measures or limits; the families that compare points share it.
 */
import { PRICE_TYPES, TENOR_TYPES, type TenorType } from '#schemas/curve-observation.ts';
import type { CurveTable } from '../curve.ts';

/** Curve key -> number of the curve; hand the same one to two tables to compare them. */
export type CurveNumbers = Map<string, number>;

export interface Points {
  /** Number of the curve of each row. */
  readonly curve: Uint32Array;
  /** Months since year 0 of each row's first delivery month. */
  readonly month: Uint32Array;
  /** Key of each row. */
  readonly keys: Float64Array;
  /** First row with the key. */
  readonly rowOf: ReadonlyMap<number, number>;
}

/** More than the months of all years to 9999, so that no month reaches the next tenor type. */
const MONTHS = 2 ** 17;
const SIDE = TENOR_TYPES.length * MONTHS;
const tenorOffset = (tenor_type: TenorType, month: number) =>
  TENOR_TYPES.indexOf(tenor_type) * MONTHS + month;

/** Key of a point; keys of one curve, side and tenor type ascend with the month by one. */
export function pointKey(curve: number, price_type: number, tenor_type: TenorType, month: number): number {
  return (curve * PRICE_TYPES.length + price_type) * SIDE + tenorOffset(tenor_type, month);
}

/** Whether two keys differ in the month alone. */
export const sameLane = (a: number, b: number): boolean => Math.floor(a / MONTHS) === Math.floor(b / MONTHS);

/** `2025-09-12` -> months since year 0. */
export const monthIndex = (date: string): number =>
  Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;

export function curveNumber(curves: CurveNumbers, curve_key: string): number {
  const number = curves.get(curve_key) ?? curves.size;
  curves.set(curve_key, number);
  return number;
}

export function pointsOf(table: CurveTable, curves: CurveNumbers = new Map()): Points {
  const seriesCurve = table.series.map((series) => curveNumber(curves, series.curve_key));
  const tenorMonth = table.tenors.map((tenor) => monthIndex(tenor.contract_month));
  const offsets = table.tenors.map((tenor, code) => tenorOffset(tenor.tenor_type, tenorMonth[code]!));
  const curve = new Uint32Array(table.length);
  const month = new Uint32Array(table.length);
  const keys = new Float64Array(table.length);
  const rowOf = new Map<number, number>();
  for (let row = 0; row < table.length; row++) {
    const tenorCode = table.tenorCode[row]!;
    curve[row] = seriesCurve[table.seriesCode[row]!]!;
    month[row] = tenorMonth[tenorCode]!;
    const key = (curve[row]! * PRICE_TYPES.length + table.priceType[row]!) * SIDE + offsets[tenorCode]!;
    keys[row] = key;
    if (!rowOf.has(key)) rowOf.set(key, row);
  }
  return { curve, month, keys, rowOf };
}
