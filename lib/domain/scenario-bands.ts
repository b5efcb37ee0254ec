/**
 * Monte Carlo bands around a scenario's forward curves: each curve's prices as the forward of the two-factor model, the
 * quantiles of its paths. Draws are seeded by (run seed, curve), so two scenarios of one seed meet the same shocks and
 * their difference is not noise. Knows no generator and no thread: the simulation is handed in.
 */
import type { BandCoverage, ScenarioBandsRequest } from '#schemas/scenario-run.ts';
import type { ForwardCurve } from './driver.ts';
import { curveName } from './driver-values.ts';
import { AurumError, refusal } from './errors.ts';
import type { CurveScenario } from './scenario.ts';
import type { CoverageReport } from './simulation/calibration.ts';
import type { PriceBands, SimulationJob, SimulationOutcome, TwoFactorModel } from './simulation/model.ts';
import { stableSum } from './strips.ts';

export interface BandSettings extends Pick<ScenarioBandsRequest, 'dynamics' | 'paths' | 'levels'> {
  readonly asof: string;
  /** 0 to 2^53 - 1 */
  readonly seed: number;
  /** Given, or estimated from released history, by curve. */
  modelOf(curve_key: string): TwoFactorModel;
}

/** Bands by curve key. `simulate` may run a job here or in worker threads: the bits are the same. */
export async function scenarioBands(
  curves: readonly CurveScenario[],
  settings: BandSettings,
  simulate: (job: SimulationJob) => SimulationOutcome | Promise<SimulationOutcome>,
): Promise<ReadonlyMap<string, PriceBands>> {
  const bands = new Map<string, PriceBands>();
  for (const curve of curves) {
    const outcome = await simulate(bandsJob(curve, settings));
    bands.set(curve.base.curve_key, outcome.bands!);
  }
  return bands;
}

/** What a simulation or an estimate refuses, in the words of who asked for bands: the request's fields, and the curve. */
export function bandsRefusal(error: unknown, curve: ForwardCurve): unknown {
  if (!(error instanceof AurumError) || error.kind !== 'refused') return error;
  const { code, message, remedy, place } = error;
  const refused = (field: string, instead = remedy) =>
    refusal(code, `${curveName(curve)}: ${message}`, {
      field,
      ...(instead === undefined ? {} : { remedy: instead }),
      cause: error,
    });
  if (code === 'forward_not_positive') {
    return refused('bands.dynamics', 'Ask for normal dynamics, whose volatilities are in price units.');
  }
  const [name = ''] = (place.field ?? '').split(/[.[]/, 1);
  if (name === 'model') return refused(`bands.${place.field}`);
  if (name === 'history') return refused('bands.model');
  if (name === 'months') return refused('contract_from', 'Begin with the month of the as-of day.');
  return name === 'paths' ? refused('bands.paths') : error;
}

function bandsJob({ base, prices }: CurveScenario, settings: BandSettings): SimulationJob {
  return {
    request: {
      asof: settings.asof,
      months: base.months,
      forward: prices,
      model: settings.modelOf(base.curve_key),
      dynamics: { kind: settings.dynamics },
      paths: settings.paths,
      seed: BigInt(settings.seed),
      purpose: `scenario bands of ${base.curve_key}`,
    },
    bands: settings.levels,
  };
}

/** Reports of the curves of a run as one; null where there is none. Curves move on the same days: a day counts once. */
export function pooledCoverage(reports: ReadonlyMap<string, CoverageReport>): BandCoverage | null {
  const all = [...reports.values()];
  const [first] = all;
  if (first === undefined) return null;
  const { level } = first;
  const moves = Math.max(...all.map((report) => report.moves));
  const inside = stableSum(all.map((report) => report.coverage * report.moves));
  const [curve_key, lowest] = [...reports].reduce((a, b) => (b[1].coverage < a[1].coverage ? b : a));
  return {
    level,
    coverage: inside / stableSum(all.map((report) => report.moves)),
    binomial_error: Math.sqrt((level * (1 - level)) / moves),
    moves,
    contracts: stableSum(all.map((report) => report.contracts)),
    curves: all.length,
    from: all.map(({ from }) => from).sort()[0]!,
    to: all
      .map(({ to }) => to)
      .sort()
      .at(-1)!,
    lowest: { curve_key, coverage: lowest.coverage },
  };
}

/** `p05`, `p50`, `p97_5`: a name for a level that is a column's name too. */
export function bandName(level: number): string {
  const [whole, part] = String(Number((level * 100).toPrecision(12))).split('.');
  return `p${whole!.padStart(2, '0')}${part === undefined ? '' : `_${part}`}`;
}
