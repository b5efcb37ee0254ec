/**
 * Released rows to the forward curves a scenario starts from, and the hash of all a run is made from. Takes MONTHLY rows
 * only: strips are means of months and would count them twice.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { ScenarioRunRequest } from '#schemas/scenario-run.ts';
import { canonicalHash } from './canonical-json.ts';
import { currencyRatio, type FxRate } from './conversion.ts';
import type { ForwardCurve } from './driver.ts';
import { curveName, RATES_FIELD } from './driver-values.ts';
import { refusal } from './errors.ts';

/**
 * One curve per curve key and as-of day, months ascending; rows that are no months are left aside.
 * @throws AurumError `scenario_month_repeated` when a month is quoted twice (two sources of one curve),
 * `currencies_mixed` when its months are in different units.
 */
export function forwardCurves(rows: readonly CurveObservation[]): ForwardCurve[] {
  const monthly = rows.filter(({ tenor_type }) => tenor_type === 'MONTHLY');
  const byCurve = Map.groupBy(monthly, ({ curve_key, asof_date }) => `${curve_key}|${asof_date}`);
  return [...byCurve].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, months]) => forwardCurve(months));
}

function forwardCurve(rows: readonly CurveObservation[]): ForwardCurve {
  const ordered = rows.toSorted((a, b) => (a.contract_month < b.contract_month ? -1 : 1));
  const first = ordered[0]!;
  const { asset_class, iso, region, location, market, product, block, spark_location } = first;
  const curve: ForwardCurve = {
    ...{ asset_class, iso, region, location, market, product, block, spark_location },
    curve_key: first.curve_key,
    units_raw: first.units_raw,
    currency: first.currency,
    per_unit: first.per_unit,
    asof_date: first.asof_date,
    months: ordered.map(({ contract_month }) => contract_month),
    prices: ordered.map(({ value }) => value),
  };
  const other = ordered.find((row) => row.currency !== first.currency || row.per_unit !== first.per_unit);
  if (other !== undefined) {
    const units = `${first.currency}/${first.per_unit} and ${other.currency}/${other.per_unit}`;
    throw refusal('currencies_mixed', `${curveName(curve)} is quoted in ${units}`, { field: 'curves' });
  }
  const repeated = curve.months.find((month, index) => curve.months[index - 1] === month);
  if (repeated === undefined) return curve;
  throw refusal('scenario_month_repeated', `${curveName(curve)} has two prices for ${repeated.slice(0, 7)}`, {
    field: 'curves',
    remedy: 'Select by curve_key and source.',
  });
}

/** Rates as a whole, also those no curve needs. @throws AurumError `fx_rates_disagree`, `fx_rate_impossible` */
export function checkRunRates(rates: readonly FxRate[]): void {
  // A currency into itself asks for no rate, and has all of them checked.
  currencyRatio('USD', 'USD', rates, RATES_FIELD, RATES_FIELD);
}

/** All a run's numbers follow from; `asof` is the day itself, `latest` resolved. */
export interface RunIdentity {
  readonly scenario_hash: string;
  readonly request: ScenarioRunRequest;
  readonly asof: string;
  /** `version_hash` of every row read, or workbook versions: any order, repeats allowed. */
  readonly input_versions: readonly string[];
  readonly code_version: string;
}

/** sha256, hex: equal for runs that must give equal numbers, so that a run is made once. */
export function runHash({ scenario_hash, request, asof, input_versions, code_version }: RunIdentity): string {
  const versions = [...new Set(input_versions)].sort();
  return canonicalHash({
    scenario_hash,
    request: { ...request, asof },
    input_versions: versions,
    code_version,
  });
}
