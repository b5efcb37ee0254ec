/**
 * Which curves a run is over when it names none: those that an assumption holds for and that every assumption which holds
 * for them fits, as the drivers themselves say: a value for the block, a unit and currency that convert, the months of a
 * fuel. The others are left out, and said to be. Knows no store.
 */
import type { ForwardCurve } from './driver.ts';
import { curveName } from './driver-values.ts';
import { AurumError, refusal } from './errors.ts';
import { playerChange, playersOn, type ScenarioRunInput, windowOf } from './scenario.ts';
import { checkInteracting } from './scenario-graph.ts';

export interface FittingCurves<Curve> {
  readonly fitting: readonly Curve[];
  /** Of the others: how many, and why. */
  readonly notes: readonly string[];
}

type FitInput = Omit<ScenarioRunInput, 'curves'>;

/** @throws AurumError when no curve is left: the field to set, of the reason that most curves share */
export function fittingCurves<Curve extends ForwardCurve>(
  curves: readonly Curve[],
  input: FitInput,
): FittingCurves<Curve> {
  const misfits = curves.map((curve) => misfitOf(curve, input));
  const fitting = curves.filter((_, index) => misfits[index] === undefined);
  const reasons = [...Map.groupBy(misfits.filter(isError), ({ code, place }) => `${code} ${place.field}`)]
    .map(([, errors]) => ({ first: errors[0]!, count: errors.length }))
    .sort((a, b) => b.count - a.count);
  const notes = reasons.map(({ first, count }) => `${counted(count)} left out, such as: ${first.message}`);
  const [main] = reasons;
  if (fitting.length > 0 || main === undefined) return { fitting, notes };
  const { place, remedy = 'Correct the field.' } = main.first;
  throw refusal('scenario_curve_missing', `no curve fits the scenario: ${notes.join('; ')}`, {
    field: place.field ?? 'curves',
    remedy: `${remedy} Or name the curves of the run.`,
  });
}

const isError = (error: AurumError | undefined): error is AurumError => error !== undefined;
const counted = (curves: number) => (curves === 1 ? '1 curve is' : `${curves} curves are`);

/** Why a scenario does not fit a curve; undefined when it does. */
function misfitOf(curve: ForwardCurve, input: FitInput): AurumError | undefined {
  try {
    const base = windowOf(curve, input.from, input.to);
    const prices = Float64Array.from(base.prices);
    const players = input.scenario.assumptions.flatMap((one) => playersOn(base, one));
    for (const player of players) playerChange(player, base, prices, input);
    return players.length > 0 ? undefined : nothingHolds();
  } catch (error) {
    if (error instanceof AurumError && error.kind === 'refused') return error;
    throw error;
  }
}

const nothingHolds = () =>
  refusal('scenario_curve_missing', 'no assumption holds for them', {
    field: 'assumptions.0.applies_to',
    remedy: 'Widen applies_to.',
  });

/** @throws AurumError `attribution_too_large` naming the curve on which too many assumptions depend on each other */
export function checkAttribution(
  curves: readonly ForwardCurve[],
  { scenario, from = '', to = '9999' }: Pick<FitInput, 'scenario' | 'from' | 'to'>,
): void {
  for (const curve of curves) {
    const base = { ...curve, months: curve.months.filter((month) => from <= month && month <= to) };
    const players = scenario.assumptions.flatMap((one) => playersOn(base, one));
    checkInteracting(
      players.map(({ assumption }) => assumption),
      curveName(curve),
    );
  }
}
