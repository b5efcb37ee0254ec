/**
 * Business family: sides that are not crossed, the mid in their middle, sparks that follow from power and gas, prices
 * in the range of their kind, and, against the day before, jumps and curves that stand still.
 * Knows nothing of tenors beyond matching equal ones. Heat rates come with the input.
 */
import { type CurveTable, normalisedIdentityPart, type Series } from '#lib/domain/curve.ts';
import type { TextColumn } from '#lib/domain/gate/batch.ts';
import { type CurveNumbers, curveNumber, type Points, pointKey, pointsOf } from '#lib/domain/gate/points.ts';
import type { ExpectationFamily, GateInput } from '#lib/domain/gate.ts';
import { expectationSuite } from '#schemas/expectation-suite.ts';
import suite from '#schemas/expectations/curve_business.json' with { type: 'json' };

export const family: ExpectationFamily = {
  name: 'business',
  suite: expectationSuite.parse(suite),
  measures(input: GateInput) {
    const { table } = input;
    const curves: CurveNumbers = new Map();
    const points = pointsOf(table, curves);
    const kinds = table.series.map(productKind);
    return {
      product_kind: { texts: kinds, codes: table.seriesCode } satisfies TextColumn,
      mid_deviation: midDeviation(table),
      spark_deviation: sparkDeviation(input, points, curves),
      ...sinceDayBefore(input, points, curves, kinds),
    };
  },
};

type ProductKind = 'outright' | 'differential' | 'spark';

/** How the trade names a difference of two prices; `UP/D` is the up/down differential of a pipeline. */
const DIFFERENTIAL = /\bvs\b|\bdiff\b|crack|spread|differential|\bup\/d\b/i;
/** Quoted as differences though their names do not say so, by the sign and size they are quoted at. */
const UNNAMED_DIFFERENTIALS: ReadonlySet<string> = new Set([
  'argus far east/naphtha c&f japan',
  'buckeye jet',
  'california carbon allowance current',
  'cca aac',
  'gasoil .1 barge',
  'heating oil cs1 syn',
  'premium unleaded gasoline 10 ppm fob med',
  'unl 87 gasoline m2',
  'washington carbon allow current',
]);

function productKind(series: Series): ProductKind {
  if (series.spark_location !== null) return 'spark';
  const product = normalisedIdentityPart(series.product);
  return DIFFERENTIAL.test(product) || UNNAMED_DIFFERENTIALS.has(product) ? 'differential' : 'outright';
}

/** `mid - (bid + ask) / 2`; missing where one of them is. */
function midDeviation({ mid, bid, ask }: CurveTable): Float64Array {
  return mid.map((price, row) => price - (bid[row]! + ask[row]!) / 2);
}

/** `spark - (power - heat_rate x gas)`; missing where it is no spark, or a leg or the heat rate is not there. */
function sparkDeviation({ table, heatRates }: GateInput, points: Points, curves: CurveNumbers): Float64Array {
  const legs = table.series.map((series) => sparkLegs(series, table.series, curves));
  const legPrice = (curve: number, row: number): number => {
    const tenor_type = table.tenors[table.tenorCode[row]!]!.tenor_type;
    const found = points.rowOf.get(pointKey(curve, table.priceType[row]!, tenor_type, points.month[row]!));
    return found === undefined ? Number.NaN : table.value[found]!;
  };
  return table.value.map((spark, row) => {
    const code = table.seriesCode[row]!;
    const leg = legs[code];
    if (leg === undefined) return Number.NaN;
    const heatRate = heatRates?.[table.series[code]!.region ?? ''] ?? Number.NaN;
    return spark - (legPrice(leg.power, row) - heatRate * legPrice(leg.gas, row));
  });
}

/** Curves of the power and the gas a spark is made of: the same place and block, and the gas its location names. */
function sparkLegs(spark: Series, all: readonly Series[], curves: CurveNumbers) {
  if (spark.spark_location === null) return undefined;
  const equal = (a: string | null, b: string | null) =>
    normalisedIdentityPart(a) === normalisedIdentityPart(b);
  const power = all.find(
    (series) =>
      series.asset_class === 'power' &&
      series.spark_location === null &&
      (['iso', 'region', 'location', 'block'] as const).every((field) => equal(series[field], spark[field])),
  );
  const gas = all.find(
    (series) => series.asset_class === 'gas' && equal(series.location, spark.spark_location),
  );
  if (power === undefined || gas === undefined) return undefined;
  return { power: curveNumber(curves, power.curve_key), gas: curveNumber(curves, gas.curve_key) };
}

/**
 * Against the market day before: `day_change`, the relative change of an outright price (missing where the price before
 * was not positive), and `unchanged_days`, the days since then where every common point of the curve stands still, else 0.
 */
function sinceDayBefore(
  { table, previous }: GateInput,
  points: Points,
  curves: CurveNumbers,
  kinds: readonly ProductKind[],
) {
  const day_change = new Float64Array(table.length).fill(Number.NaN);
  const unchanged_days = new Float64Array(table.length).fill(Number.NaN);
  if (previous === undefined || previous.asof_date >= table.asof_date) return { day_change, unchanged_days };
  const before = pointsOf(previous, curves);
  const moved = new Uint8Array(curves.size);
  const valueBefore = table.value.map((value, row) => {
    const found = before.rowOf.get(points.keys[row]!);
    const past = found === undefined ? Number.NaN : previous.value[found]!;
    if (found !== undefined && past !== value) moved[points.curve[row]!] = 1;
    return past;
  });
  const days = (Date.parse(table.asof_date) - Date.parse(previous.asof_date)) / 86_400_000;
  for (let row = 0; row < table.length; row++) {
    const past = valueBefore[row]!;
    if (Number.isNaN(past)) continue;
    unchanged_days[row] = moved[points.curve[row]!] === 1 ? 0 : days;
    if (past > 0 && kinds[table.seriesCode[row]!] === 'outright')
      day_change[row] = table.value[row]! / past - 1;
  }
  return { day_change, unchanged_days };
}
