/**
 * What a corrected workbook changes: rows by place (curve, side, tenor), and the strips that are other ones after it. Pure:
 * knows two tables and the seasons of their vendor, not where they lie.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { ImpactList } from '#schemas/hotfix.ts';
import { type CurveTable, rowsOf } from './curve.ts';
import { deriveStrips, type StripRow } from './strips.ts';
import type { SeasonRule } from './tenor.ts';

/** Entries named in a list; the counts are of all. */
export const LISTED = 500;

type TouchedCurve = ImpactList['curves'][number];
type TouchedStrip = ImpactList['strips'][number];
type Change = 'changed' | 'added' | 'removed';

export type TableImpact = Pick<ImpactList, 'rows' | 'curve_count' | 'curves' | 'strip_count' | 'strips'>;

export function tableImpact(before: CurveTable, after: CurveTable, seasons: SeasonRule): TableImpact {
  const [was, is] = [[...rowsOf(before, '')], [...rowsOf(after, '')]];
  const old = new Map(was.map((row) => [placeOf(row), row]));
  const rows = { before: was.length, after: is.length, changed: 0, added: 0, removed: 0 };
  const curves = new Map<string, TouchedCurve>();
  const strips = new Map<string, TouchedStrip>();
  const note = (row: CurveObservation, change: Change) => {
    rows[change] += 1;
    noteCurve(curves, row, change);
    if (row.tenor_type !== 'MONTHLY') noteStrip(strips, row, 'vendor');
  };
  for (const row of is) {
    const place = placeOf(row);
    const held = old.get(place);
    old.delete(place);
    if (held === undefined) note(row, 'added');
    else if (!samePrice(held, row)) note(row, 'changed');
  }
  for (const row of old.values()) note(row, 'removed');
  for (const strip of differingStrips(monthsBySide(was, curves), monthsBySide(is, curves), seasons))
    noteStrip(strips, strip, 'derived');
  return {
    rows,
    curve_count: curves.size,
    curves: [...curves.values()].slice(0, LISTED),
    strip_count: strips.size,
    strips: [...strips.values()].slice(0, LISTED),
  };
}

const placeOf = ({ curve_key, price_type, tenor_type, contract_month, tenor_label }: CurveObservation) =>
  [curve_key, price_type, tenor_type, contract_month, tenor_label].join('|');

const PRICE_FIELDS = ['value', 'bid', 'ask', 'mid', 'units_raw', 'currency', 'per_unit'] as const;
type Priced = Pick<CurveObservation, (typeof PRICE_FIELDS)[number]>;
const samePrice = (a: Priced, b: Priced) => PRICE_FIELDS.every((field) => a[field] === b[field]);

function noteCurve(curves: Map<string, TouchedCurve>, row: CurveObservation, change: Change): void {
  const { curve_key, contract_month } = row;
  const none = { curve_key, curve: nameOf(row), changed: 0, added: 0, removed: 0 };
  const held = curves.get(curve_key) ?? {
    ...none,
    contract_from: contract_month,
    contract_to: contract_month,
  };
  curves.set(curve_key, {
    ...held,
    [change]: held[change] + 1,
    contract_from: contract_month < held.contract_from ? contract_month : held.contract_from,
    contract_to: contract_month > held.contract_to ? contract_month : held.contract_to,
  });
}

function nameOf({
  asset_class,
  iso,
  region,
  location,
  market,
  product,
  block,
  spark_location,
}: CurveObservation): string {
  const parts = [asset_class, iso, region, location, market, product, block, spark_location];
  return [...new Set(parts.filter((part) => part !== null && part !== ''))].join(' ');
}

function noteStrip(
  strips: Map<string, TouchedStrip>,
  { curve_key, tenor_type, tenor_label }: Pick<StripRow, 'curve_key' | 'tenor_type' | 'tenor_label'>,
  strip_source: TouchedStrip['strip_source'],
): void {
  strips.set([curve_key, tenor_type, tenor_label, strip_source].join('|'), {
    curve_key,
    tenor_type,
    tenor_label,
    strip_source,
  });
}

/** Monthly rows of the curves that are touched, each side by itself. */
function monthsBySide(
  rows: readonly CurveObservation[],
  touched: ReadonlyMap<string, unknown>,
): Map<string, CurveObservation[]> {
  const sides = new Map<string, CurveObservation[]>();
  for (const row of rows) {
    if (row.tenor_type !== 'MONTHLY' || !touched.has(row.curve_key)) continue;
    const side = `${row.curve_key}|${row.price_type}`;
    const held = sides.get(side);
    if (held === undefined) sides.set(side, [row]);
    else held.push(row);
  }
  return sides;
}

type Sides = ReadonlyMap<string, readonly CurveObservation[]>;

/** Strips that follow from the months of one table only, or whose price differs. */
function differingStrips(before: Sides, after: Sides, seasons: SeasonRule): StripRow[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((side) => {
    const old = new Map(
      deriveStrips(before.get(side) ?? [], seasons).map((strip) => [labelOf(strip), strip]),
    );
    const differing = deriveStrips(after.get(side) ?? [], seasons).filter((strip) => {
      const held = old.get(labelOf(strip));
      old.delete(labelOf(strip));
      return held === undefined || !samePrice(held, strip);
    });
    return [...differing, ...old.values()];
  });
}

const labelOf = ({ tenor_type, tenor_label }: StripRow) => `${tenor_type}|${tenor_label}`;
