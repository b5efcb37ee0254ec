/**
 * The change of one curve from a quotation `a` to a quotation `b`, tenor by tenor, parted into what explains it. Knows
 * nothing of releases, vendors or storage.
 *
 * Let `x_a(T)` be the time from the as-of day of `a` to the first delivery day of tenor `T`, in years of 365.25 days, and
 * `x_b(T)` the same from the as-of day of `b`. For a tenor that both quote, `change = b - a` and
 *
 * - `roll = A(x_b) - A(x_a)`: what a curve of constant maturities shows because time passed, had it not moved. `A` is the
 *   constant-maturity curve of `a` for T's own delivery season: the line through `a` of the same kind of tenor in the same
 *   calendar month of every year (all Januaries, all summers), over `x_a`, its outer segments prolonged. Months of other
 *   seasons take no part, else a January that comes nearer would be explained by a December. With no such neighbour, and
 *   between two versions of one day, the roll is 0.
 * - `u = change - roll` is the change at constant maturity. Over the fitted tenors (the months both quote; where there are
 *   fewer than three, every tenor both quote) with `c` the median of `x_b`:
 *   `slope = s (x_b - c)`, `s` the median of the slopes between all pairs of tenors (Theil-Sen: one wild month does not tilt
 *   it; 0 with fewer than three), and `parallel = median(u - s (x_b - c))`, one number for the curve.
 * - `r = u - parallel - slope` is what is left: a `spike` where `|r|` exceeds the threshold, else the `rest`. The threshold
 *   is the greater of 4 robust standard deviations (1.4826 times the median of `|r|` over the fitted tenors) and 0.1 % of
 *   the median `|a|`.
 *
 * A tenor of `b` alone is `new` (`change = b`), one of `a` alone `dropped` (`change = -a`): its other parts are 0. So for
 * every tenor, and for the sums over a curve, `roll + parallel + slope + spike + rest + new + dropped = change`, within
 * the rounding of doubles. Units are the curve's own.
 */
import type { PriceType } from '#schemas/curve-observation.ts';
import type { CurveChange, DiffPart, TenorChange } from '#schemas/diff.ts';
import type { Tenor } from './curve.ts';
import { stableSum } from './strips.ts';

/** One price of the curve. */
export interface QuotedPoint extends Tenor {
  readonly price_type: PriceType;
  readonly value: number;
}

export interface Quotation {
  readonly asof_date: string;
  readonly points: readonly QuotedPoint[];
}

const DAYS_PER_YEAR = 365.25;
const DAY_MS = 86_400_000;
/** Robust standard deviations from which a residual is a spike. */
const SPIKE_DEVIATIONS = 4;
/** Of a normal distribution: standard deviation over median absolute deviation. */
const DEVIATION_OF_MEDIAN = 1.4826;
/** A spike smaller than this part of the curve's level is none, however still the other tenors were. */
const SPIKE_LEVEL = 0.001;
/** Months a fit needs; with fewer, strips take part. */
const FITTED_MONTHS = 3;

export const DIFF_PARTS = [
  'roll',
  'parallel',
  'slope',
  'spike',
  'rest',
  'new',
  'dropped',
] as const satisfies readonly DiffPart[];

/** A tenor that both quote, with its change at constant maturity. */
interface SharedTenor {
  readonly tenor: Tenor & { readonly price_type: PriceType };
  readonly a: number;
  readonly b: number;
  readonly roll: number;
  /** Years from b's as-of day to delivery. */
  readonly years: number;
  readonly unrolled: number;
}

interface Fit {
  readonly parallel: number;
  readonly slope_per_year: number;
  readonly centre_years: number;
  readonly spike_threshold: number;
}

/** Every tenor of either quotation once, by type, month, label and side; both quotations hold a tenor at most once. */
export function explainChange(a: Quotation, b: Quotation): CurveChange {
  const before = new Map(a.points.map((point) => [tenorName(point), point]));
  const after = new Map(b.points.map((point) => [tenorName(point), point]));
  const rollOf = constantMaturityRoll(a, b.asof_date);
  const shared: SharedTenor[] = [];
  for (const [name, point] of after) {
    const old = before.get(name);
    if (old === undefined) continue;
    const roll = rollOf(old);
    const unrolled = point.value - old.value - roll;
    const years = yearsToDelivery(b.asof_date, point.contract_month);
    shared.push({ tenor: tenorOf(point), a: old.value, b: point.value, roll, years, unrolled });
  }
  const fit = fitOf(shared);
  const tenors = [
    ...shared.map((tenor) => sharedChange(tenor, fit)),
    ...b.points.filter((point) => !before.has(tenorName(point))).map(newTenor),
    ...a.points.filter((point) => !after.has(tenorName(point))).map(droppedTenor),
  ].sort((one, other) => (tenorName(one) < tenorName(other) ? -1 : 1));
  return { fit, totals: totalsOf(tenors), tenors };
}

const tenorName = ({ tenor_type, contract_month, tenor_label, price_type }: Tenor & Side) =>
  `${tenor_type}|${contract_month}|${tenor_label}|${price_type}`;

type Side = { readonly price_type: PriceType };

const tenorOf = ({ tenor_type, contract_month, tenor_label, price_type }: Tenor & Side) => ({
  tenor_type,
  contract_month,
  tenor_label,
  price_type,
});

function yearsToDelivery(asof_date: string, contract_month: string): number {
  return (Date.parse(contract_month) - Date.parse(asof_date)) / DAY_MS / DAYS_PER_YEAR;
}

/** The roll of a point of `a` to the as-of day of `b`: along the points of its own season, as stated above. */
function constantMaturityRoll(a: Quotation, asof_b: string): (point: QuotedPoint) => number {
  const passed_years = (Date.parse(asof_b) - Date.parse(a.asof_date)) / DAY_MS / DAYS_PER_YEAR;
  if (passed_years === 0) return () => 0;
  const seasons = new Map<string, { readonly years: number; readonly value: number }[]>();
  const ordered = a.points.toSorted((one, other) => (tenorName(one) < tenorName(other) ? -1 : 1));
  for (const point of ordered) {
    const years = yearsToDelivery(a.asof_date, point.contract_month);
    const line = seasons.get(seasonOf(point));
    if (line === undefined) seasons.set(seasonOf(point), [{ years, value: point.value }]);
    // Two labels of one delivery: the first stands for both.
    else if (line.at(-1)!.years < years) line.push({ years, value: point.value });
  }
  return (point) => {
    const line = seasons.get(seasonOf(point))!;
    const years = yearsToDelivery(a.asof_date, point.contract_month);
    return valueAt(line, years - passed_years) - valueAt(line, years);
  };
}

const seasonOf = ({ tenor_type, contract_month, price_type }: Tenor & Side) =>
  `${tenor_type}|${contract_month.slice(5)}|${price_type}`;

/** Linear between the points, which ascend, and beyond them on the outer segments; level when there is one. */
function valueAt(line: readonly { readonly years: number; readonly value: number }[], years: number): number {
  if (line.length === 1) return line[0]!.value;
  const above = line.findIndex((point) => point.years >= years);
  const right = above < 0 ? line.length - 1 : Math.max(above, 1);
  const [from, to] = [line[right - 1]!, line[right]!];
  return from.value + ((to.value - from.value) * (years - from.years)) / (to.years - from.years);
}

function fitOf(shared: readonly SharedTenor[]): Fit | null {
  if (shared.length === 0) return null;
  const months = shared.filter(({ tenor }) => tenor.tenor_type === 'MONTHLY');
  const fitted = months.length >= FITTED_MONTHS ? months : shared;
  const centre_years = median(fitted.map(({ years }) => years));
  const slope_per_year = fitted.length < FITTED_MONTHS ? 0 : medianSlope(fitted);
  const tilt = ({ years }: SharedTenor) => slope_per_year * (years - centre_years);
  const parallel = median(fitted.map((tenor) => tenor.unrolled - tilt(tenor)));
  const residuals = fitted.map((tenor) => Math.abs(tenor.unrolled - tilt(tenor) - parallel));
  const deviation = DEVIATION_OF_MEDIAN * median(residuals);
  const level = median(fitted.map(({ a }) => Math.abs(a)));
  const spike_threshold = Math.max(SPIKE_DEVIATIONS * deviation, SPIKE_LEVEL * level);
  return { parallel, slope_per_year, centre_years, spike_threshold };
}

/** Theil and Sen: the median over all pairs of tenors of different delivery; 0 when there is no such pair. */
function medianSlope(tenors: readonly SharedTenor[]): number {
  const slopes: number[] = [];
  for (const [index, { years, unrolled }] of tenors.entries()) {
    for (const other of tenors.slice(index + 1)) {
      if (other.years !== years) slopes.push((other.unrolled - unrolled) / (other.years - years));
    }
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

/** Of an even number the mean of the two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const NO_PARTS: TenorChange['parts'] = {
  roll: 0,
  parallel: 0,
  slope: 0,
  spike: 0,
  rest: 0,
  new: 0,
  dropped: 0,
};

function sharedChange({ tenor, a, b, roll, years, unrolled }: SharedTenor, fit: Fit | null): TenorChange {
  const { parallel, slope_per_year, centre_years, spike_threshold } = fit!;
  const slope = slope_per_year * (years - centre_years);
  const residual = unrolled - parallel - slope;
  const isSpike = Math.abs(residual) > spike_threshold;
  const [spike, rest] = isSpike ? [residual, 0] : [0, residual];
  const parts = { ...NO_PARTS, roll, parallel, slope, spike, rest };
  return { ...tenor, status: 'changed', a, b, change: b - a, parts };
}

function newTenor(point: QuotedPoint): TenorChange {
  const { value } = point;
  const parts = { ...NO_PARTS, new: value };
  return { ...tenorOf(point), status: 'new', a: null, b: value, change: value, parts };
}

function droppedTenor(point: QuotedPoint): TenorChange {
  const change = 0 - point.value;
  const parts = { ...NO_PARTS, dropped: change };
  return { ...tenorOf(point), status: 'dropped', a: point.value, b: null, change, parts };
}

function totalsOf(tenors: readonly TenorChange[]): CurveChange['totals'] {
  const sumOf = (part: DiffPart) => stableSum(tenors.map(({ parts }) => parts[part]));
  const count = (status: TenorChange['status']) => tenors.filter((tenor) => tenor.status === status).length;
  return {
    tenors: tenors.length,
    shared: count('changed'),
    new: count('new'),
    dropped: count('dropped'),
    spikes: tenors.filter(({ parts }) => parts.spike !== 0).length,
    change: stableSum(tenors.map(({ change }) => change)),
    parts: Object.fromEntries(DIFF_PARTS.map((part) => [part, sumOf(part)])) as TenorChange['parts'],
  };
}
