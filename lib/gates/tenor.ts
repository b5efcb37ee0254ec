/**
 * Tenor family: months without gaps, one row per point, strips equal to the mean of their months.
 * Knows nothing of prices beyond that relation. Which months a season has comes with the input.
 */
import type { CurveTable } from '#lib/domain/curve.ts';
import { monthIndex, type Points, pointKey, pointsOf, sameLane } from '#lib/domain/gate/points.ts';
import type { ExpectationFamily, GateInput } from '#lib/domain/gate.ts';
import { coveredMonths } from '#lib/domain/tenor.ts';
import { expectationSuite } from '#schemas/expectation-suite.ts';
import suite from '#schemas/expectations/curve_tenor.json' with { type: 'json' };

export const family: ExpectationFamily = {
  name: 'tenor',
  suite: expectationSuite.parse(suite),
  measures(input: GateInput) {
    const { table } = input;
    const points = pointsOf(table);
    return {
      ...monthSteps(table, points),
      strip_deviation: stripDeviation(input, points),
      /** The label a monthly tenor must have. */
      month_label: {
        texts: table.tenors.map((tenor) => tenor.contract_month.slice(0, 7)),
        codes: table.tenorCode,
      },
    };
  },
};

/**
 * Of monthly rows: `months_since_previous`, months since the curve's previous month, missing for its first; and
 * `months_after_asof` of its first month, missing for the others. A repeated month steps from the one before both; which
 * side is quoted does not matter.
 */
function monthSteps(table: CurveTable, points: Points) {
  const monthly = table.tenors.map((tenor) => tenor.tenor_type === 'MONTHLY');
  const keys = Float64Array.from(points.month, (month, row) =>
    monthly[table.tenorCode[row]!] ? pointKey(points.curve[row]!, ANY_SIDE, 'MONTHLY', month) : Number.NaN,
  );
  const steps = unusualSteps(keys);
  const months_since_previous = new Float64Array(table.length).fill(Number.NaN);
  const months_after_asof = new Float64Array(table.length).fill(Number.NaN);
  const asofMonth = monthIndex(table.asof_date);
  for (let row = 0; row < table.length; row++) {
    if (Number.isNaN(keys[row])) continue;
    const step = steps.get(keys[row]!) ?? 1;
    if (step === FIRST) months_after_asof[row] = points.month[row]! - asofMonth;
    else months_since_previous[row] = step;
  }
  return { months_since_previous, months_after_asof };
}

const ANY_SIDE = 0;
const FIRST = Number.POSITIVE_INFINITY;

/** Keys that do not follow another by one month: FIRST of their curve, or the months since the one before the gap. */
function unusualSteps(keys: Float64Array): Map<number, number> {
  const steps = new Map<number, number>();
  let previous = Number.NEGATIVE_INFINITY;
  for (const key of keys.toSorted()) {
    if (Number.isNaN(key)) break; // sorted last
    const step = key - previous;
    if (step > 1) steps.set(key, sameLane(key, previous) ? step : FIRST);
    previous = key;
  }
  return steps;
}

/** A strip minus the plain mean of its months from the as-of month on; missing unless all of them are quoted. */
function stripDeviation({ table, seasons }: GateInput, points: Points): Float64Array {
  const spans = table.tenors.map((tenor) => {
    const months = tenor.tenor_type === 'MONTHLY' ? [] : coveredMonths(tenor, table.asof_date, seasons);
    return { first: monthIndex(months[0] ?? ''), length: months.length };
  });
  return table.value.map((strip, row) => {
    const { first, length } = spans[table.tenorCode[row]!]!;
    const key = pointKey(points.curve[row]!, table.priceType[row]!, 'MONTHLY', first);
    let sum = 0;
    for (let offset = 0; offset < length; offset++) {
      const quoted = points.rowOf.get(key + offset);
      if (quoted === undefined) return Number.NaN;
      sum += table.value[quoted]!;
    }
    return length === 0 ? Number.NaN : strip - sum / length;
  });
}
