/**
 * Discount factors from a flat rate or a curve of zero rates, with a stated compounding and day count.
 * Knows no calendar of business days and takes no rate from anywhere but its argument.
 *
 * Time t in years by the day count, rate r a year as a fraction: continuous e^(-r t); n times a year (1 + r/n)^(-n t);
 * simple 1 / (1 + r t).
 * A curve's rates are zero rates of its `asof` day (the `from` of the call where it states none). Between its points the
 * logarithm of the discount factor is linear in days, which is a constant forward rate; the first span begins at 1 on the `asof` day.
 * Beyond the last point it refuses, or goes on with the last span's forward rate where `extrapolation` says so.
 * Sources: ISDA 2006 Definitions, 4.16 (day counts); Hagan and West (2006), "Interpolation methods for curve construction" (raw method).
 */
import { dayNumber } from './calendar/days.ts';
import { refusal } from './errors.ts';

export type Compounding = 'annual' | 'semiannual' | 'quarterly' | 'monthly' | 'continuous' | 'simple';
export type DayCount = 'ACT/365F' | 'ACT/360' | '30/360' | 'ACT/ACT ISDA';

export interface RatePoint {
  readonly date: string;
  /** Zero rate a year, a fraction: 0.05. */
  readonly rate: number;
}

export interface FlatDiscounting {
  readonly kind: 'flat';
  readonly rate: number;
  readonly compounding: Compounding;
  readonly day_count: DayCount;
}

export interface CurveDiscounting {
  readonly kind: 'curve';
  /** In any order, no day twice, each after `asof`. */
  readonly points: readonly RatePoint[];
  /** Day the zero rates start from; the `from` of the call when absent. */
  readonly asof?: string | undefined;
  readonly extrapolation?: 'refused' | 'flat_forward' | undefined;
  readonly compounding: Compounding;
  readonly day_count: DayCount;
}

export type Discounting = FlatDiscounting | CurveDiscounting;

const PERIODS_A_YEAR: Readonly<Record<Exclude<Compounding, 'continuous' | 'simple'>, number>> = {
  annual: 1,
  semiannual: 2,
  quarterly: 4,
  monthly: 12,
};

/**
 * Value on `from` of one unit paid on `to`; 1 on the same day.
 * @param field path of `discounting` in the request, for the refusals.
 * @throws discount_period_reversed, rate_impossible, discount_curve_empty, discount_curve_duplicate, discount_curve_too_short,
 * discount_curve_later, discount_curve_point_past, date_impossible
 */
export function discountFactor(
  discounting: Discounting,
  from: string,
  to: string,
  field = 'discounting',
): number {
  const [first, last] = [dayNumber(from, 'from'), dayNumber(to, 'to')];
  if (last < first) {
    throw refusal('discount_period_reversed', `${to} lies before ${from}: a past payment is not discounted`, {
      field,
      remedy: 'Leave payments before the valuation day out.',
    });
  }
  if (discounting.kind === 'flat') return factorOf(discounting, discounting.rate, from, to, `${field}.rate`);
  const { asof = from } = discounting;
  if (first < dayNumber(asof, `${field}.asof`)) {
    throw refusal('discount_curve_later', `The discount curve is of ${asof}, after ${from}`, {
      field: `${field}.asof`,
      remedy: `Give the rates of a curve of ${from} or earlier, or value on ${asof} or later.`,
    });
  }
  const logs = preparedLogs(discounting, asof, field);
  const log = (day: number) => logAt(logs, day, discounting.extrapolation ?? 'refused', field);
  return Math.exp(log(last) - (asof === from ? 0 : log(first)));
}

/** Years from one day to another. Source: ISDA 2006 Definitions, 4.16 (b), (d), (e), (f). */
export function yearFraction(day_count: DayCount, from: string, to: string): number {
  const days = dayNumber(to) - dayNumber(from);
  if (day_count === 'ACT/365F') return days / 365;
  if (day_count === 'ACT/360') return days / 360;
  const [fromYear, toYear] = [Number(from.slice(0, 4)), Number(to.slice(0, 4))];
  if (day_count === '30/360') {
    const fromDay = Math.min(30, Number(from.slice(8)));
    const toDay = fromDay === 30 ? Math.min(30, Number(to.slice(8))) : Number(to.slice(8));
    const months = Number(to.slice(5, 7)) - Number(from.slice(5, 7));
    return (360 * (toYear - fromYear) + 30 * months + toDay - fromDay) / 360;
  }
  if (fromYear === toYear) return days / daysOfYear(fromYear);
  const yearStart = (year: number) => dayNumber(`${year}-01-01`);
  const head = (yearStart(fromYear + 1) - dayNumber(from)) / daysOfYear(fromYear);
  return head + (toYear - fromYear - 1) + (dayNumber(to) - yearStart(toYear)) / daysOfYear(toYear);
}

function daysOfYear(year: number): number {
  return dayNumber(`${year}-12-31`) - dayNumber(`${year}-01-01`) + 1;
}

function factorOf(
  { compounding, day_count }: Pick<Discounting, 'compounding' | 'day_count'>,
  rate: number,
  from: string,
  to: string,
  field: string,
): number {
  const years = yearFraction(day_count, from, to);
  const growth = growthOf(compounding, rate, years);
  if (Number.isFinite(growth) && growth > 0) return 1 / growth;
  throw refusal(
    'rate_impossible',
    `A rate of ${rate} a year, compounded ${compounding}, has no value after ${years} years`,
    {
      field,
      remedy: 'Rates are fractions a year: 0.05 is five per cent.',
    },
  );
}

function growthOf(compounding: Compounding, rate: number, years: number): number {
  if (compounding === 'continuous') return Math.exp(rate * years);
  if (compounding === 'simple') return 1 + rate * years;
  const periods = PERIODS_A_YEAR[compounding];
  const base = 1 + rate / periods;
  return base > 0 ? base ** (periods * years) : Number.NaN;
}

interface LogPoint {
  readonly day: number;
  readonly log: number;
}

/** A valuation asks one curve for hundreds of days; its points are worked out for the first. */
const prepared = new WeakMap<
  CurveDiscounting,
  { readonly asof: string; readonly logs: readonly LogPoint[] }
>();

function preparedLogs(curve: CurveDiscounting, asof: string, field: string): readonly LogPoint[] {
  const known = prepared.get(curve);
  if (known?.asof === asof) return known.logs;
  const logs = curveLogs(curve, asof, field);
  prepared.set(curve, { asof, logs });
  return logs;
}

/** Logarithms of the discount factors of the curve's points, by day, beginning with 0 on the as-of day. */
function curveLogs(curve: CurveDiscounting, asof: string, field: string): readonly LogPoint[] {
  const asof_day = dayNumber(asof, `${field}.asof`);
  const logs = curve.points.map(({ date, rate }, index): LogPoint => {
    const path = `${field}.points.${index}`;
    const day = dayNumber(date, `${path}.date`);
    if (day <= asof_day) {
      throw refusal(
        'discount_curve_point_past',
        `The rate of ${date} is not after ${asof}, the day the rates start from`,
        {
          field: `${path}.date`,
          remedy: 'Give `asof`, the day the curve is of, or leave the point out.',
        },
      );
    }
    return { day, log: Math.log(factorOf(curve, rate, asof, date, `${path}.rate`)) };
  });
  logs.sort((a, b) => a.day - b.day);
  const twice = logs.findIndex(({ day }, index) => day === logs[index - 1]?.day);
  if (logs.length === 0 || twice !== -1) {
    throw refusal(
      logs.length === 0 ? 'discount_curve_empty' : 'discount_curve_duplicate',
      logs.length === 0 ? 'The discount curve has no point' : 'The discount curve has two rates for one day',
      { field: `${field}.points`, remedy: 'Give one rate a day, at least one.' },
    );
  }
  return [{ day: asof_day, log: 0 }, ...logs];
}

function logAt(
  logs: readonly LogPoint[],
  day: number,
  extrapolation: 'refused' | 'flat_forward',
  field: string,
): number {
  const last = logs.at(-1)!;
  if (day > last.day && extrapolation === 'refused') {
    throw refusal('discount_curve_too_short', 'The discount curve does not reach the day of a payment', {
      field: `${field}.points`,
      remedy: 'Give later points, or extrapolation "flat_forward".',
    });
  }
  const next = Math.max(1, day > last.day ? logs.length - 1 : logs.findIndex((point) => point.day >= day));
  const [low, high] = [logs[next - 1]!, logs[next]!];
  return low.log + ((high.log - low.log) * (day - low.day)) / (high.day - low.day);
}
