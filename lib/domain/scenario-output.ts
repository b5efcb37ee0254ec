/**
 * A run's result as rows of `market.scenario_output`, and two runs' rows as their difference (`mart_scenario_diff`). Knows
 * neither tables nor routes.
 */
import type { ScenarioDiffAnswer, ScenarioDiffRow, ScenarioOutput } from '#schemas/scenario-run.ts';
import { curveName } from './driver-values.ts';
import { refusal } from './errors.ts';
import type { CurveScenario, ScenarioResult } from './scenario.ts';
import { bandName } from './scenario-bands.ts';
import type { PriceBands } from './simulation/model.ts';

/** Whose run it is. */
export type RunLabels = Pick<ScenarioOutput, 'run_id' | 'tenant_id' | 'scenario_id' | 'run_hash'>;

/** One row per curve and delivery month, by curve key, then month. */
export function outputRows(
  { scenario_hash, asof, curves }: ScenarioResult,
  labels: RunLabels,
  bands: ReadonlyMap<string, PriceBands> = new Map(),
): ScenarioOutput[] {
  return curves.flatMap((curve) =>
    curve.base.months.map((contract_month, index) => ({
      run_id: labels.run_id,
      tenant_id: labels.tenant_id,
      scenario_id: labels.scenario_id,
      scenario_hash,
      run_hash: labels.run_hash,
      asof_date: asof,
      ...curveColumnsOf(curve.base),
      contract_month,
      base_price: curve.base.prices[index]!,
      scenario_price: curve.prices[index]!,
      delta: curve.prices[index]! - curve.base.prices[index]!,
      attribution: Object.fromEntries(curve.shares.map(({ id, change }) => [id, change[index]!])),
      bands: bandPrices(bands.get(curve.base.curve_key), index),
    })),
  );
}

function curveColumnsOf(curve: CurveScenario['base'] | ScenarioOutput) {
  const { curve_key, asset_class, region, iso, location, market, product, block, spark_location } = curve;
  return {
    ...{ curve_key, asset_class, region, iso, location, market, product, block, spark_location },
    currency: curve.currency,
    per_unit: curve.per_unit,
  };
}

function bandPrices(bands: PriceBands | undefined, month: number): Record<string, number> {
  if (bands === undefined) return {};
  return Object.fromEntries(
    bands.levels.map((level, index) => [bandName(level), bands.quantiles[index]![month]!]),
  );
}

/**
 * Run B less run A, month by month of the curves both have.
 * @throws AurumError `scenario_runs_disjoint` when they share none, `currencies_mixed` when a curve's units differ.
 */
export function scenarioDiff(a: readonly ScenarioOutput[], b: readonly ScenarioOutput[]): ScenarioDiffAnswer {
  const inA = new Map(a.map((row) => [cellOf(row), row]));
  const inB = new Map(b.map((row) => [cellOf(row), row]));
  const shared = [...inA.keys()].filter((cell) => inB.has(cell)).sort();
  if (shared.length === 0) {
    throw refusal('scenario_runs_disjoint', 'the two runs have no curve and month in common', {
      remedy: 'Compare runs over the same curves.',
    });
  }
  const data = shared.map((cell) => diffRow(inA.get(cell)!, inB.get(cell)!));
  return {
    meta: { count: data.length, only_in_a: cellsBeyond(a, inB), only_in_b: cellsBeyond(b, inA) },
    data,
  };
}

const cellOf = ({ curve_key, contract_month }: ScenarioOutput) => `${curve_key}|${contract_month}`;

function cellsBeyond(rows: readonly ScenarioOutput[], others: ReadonlyMap<string, ScenarioOutput>) {
  return rows
    .filter((row) => !others.has(cellOf(row)))
    .map(({ curve_key, contract_month }) => ({ curve_key, contract_month }));
}

function diffRow(a: ScenarioOutput, b: ScenarioOutput): ScenarioDiffRow {
  if (a.currency !== b.currency || a.per_unit !== b.per_unit) {
    const units = `${a.currency}/${a.per_unit} and ${b.currency}/${b.per_unit}`;
    throw refusal('currencies_mixed', `${curveName({ ...a, units_raw: null })} is in ${units}`);
  }
  const ids = [...new Set([...Object.keys(a.attribution), ...Object.keys(b.attribution)])].sort();
  const delta = b.scenario_price - a.scenario_price;
  return {
    ...curveColumnsOf(a),
    contract_month: a.contract_month,
    price_a: a.scenario_price,
    price_b: b.scenario_price,
    delta,
    relative: a.scenario_price === 0 ? null : delta / Math.abs(a.scenario_price),
    base_delta: b.base_price - a.base_price,
    attribution: Object.fromEntries(
      ids.map((id) => [id, (b.attribution[id] ?? 0) - (a.attribution[id] ?? 0)]),
    ),
  };
}
