/**
 * Volatilities of a valuation's reference curve, from the releases of its vendor up to the as-of day of its prices. What is
 * estimated goes into the inputs as if it had been given: a replay needs no history.
 */
import type { Caller } from '#lib/domain/access.ts';
import { seesVendor } from '#lib/domain/access.ts';
import { canonicalHash } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import { estimateModel } from '#lib/domain/simulation/calibration.ts';
import type { PriceDynamics } from '#lib/domain/simulation/model.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { ModelOrigin } from '#schemas/ppa-routes.ts';
import type { FoundPrices } from './ppa-prices.ts';
import { priceHistory } from './price-history.ts';
import type { QueryPorts } from './query-curves.ts';
import { currentReleases } from './releases-in-view.ts';
import { newestDays } from './scenario-inputs.ts';

const FIELD = 'options.risk.model';

/**
 * @param ratio what one of the history's prices is in the money of the contract: other dynamics than lognormal carry units
 * @throws AurumError `model_history_missing`, `history_too_short` naming the days, `history_too_narrow`, `forward_not_positive`
 */
export async function modelOf(
  { origin, asof_date }: FoundPrices,
  dynamics: PriceDynamics,
  ratio: number,
  ports: QueryPorts,
  caller: Caller,
): Promise<ModelOrigin> {
  const { curve_key, release } = origin;
  if (origin.source === 'given' || curve_key === null || asof_date === undefined) {
    throw historyMissing('prices given by hand have no released history');
  }
  const { entitlements } = caller;
  // As of when the prices became known: a later correction of an earlier day does not change what they were valued with.
  const known = currentReleases(await ports.tables.releases('main'), release?.known_at).filter(
    (one) => seesVendor(caller, one.vendor) && one.asof_date <= asof_date,
  );
  const vendor = release?.vendor ?? (await vendorOf(curve_key, known, asof_date, ports, entitlements));
  const history = newestDays(known.filter((one) => one.vendor === vendor));
  const found = await priceHistory(curve_key, history, ports.queries, entitlements);
  const scaled = ratio === 1 ? found : { ...found, prices: found.prices.map((price) => price * ratio) };
  const { model, standard_errors, days, moves, residual } = estimateModel(scaled, dynamics);
  return {
    curve_key,
    vendor,
    from: found.days[0]!,
    to: found.days.at(-1)!,
    days,
    moves,
    history_hash: canonicalHash(history.map(({ version }) => version)),
    model,
    standard_errors,
    residual,
  };
}

/** Of a scenario run, whose rows name the curve alone: who quotes it on the run's day. */
async function vendorOf(
  curve_key: string,
  releases: readonly CurveRelease[],
  day: string,
  { queries }: QueryPorts,
  entitlements: Caller['entitlements'],
): Promise<string> {
  const ofDay = releases.filter(({ asof_date }) => asof_date === day);
  const { curves } = await queries.dimensions({ releases: ofDay, entitlements, filter: { curve_key } });
  const [vendor, ...others] = new Set(curves.map((curve) => curve.vendor));
  if (vendor === undefined) throw historyMissing(`the curve of the run is not released as of ${day}`);
  if (others.length === 0) return vendor;
  throw historyMissing(`${[vendor, ...others].join(' and ')} quote the curve: it has more than one history`);
}

const historyMissing = (message: string) =>
  refusal('model_history_missing', message, { field: FIELD, remedy: 'Give the model.' });
