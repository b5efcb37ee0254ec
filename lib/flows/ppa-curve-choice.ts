/**
 * Which curve, among those that fit the question, a contract is valued on: one of power of its market and its hours; for all
 * hours, where nobody quotes them, the two on and off peak of one place. Knows neither rows nor releases.
 */

import { hoursOfCurve } from '#lib/domain/calendar/curve-hours.ts';
import { IDENTITY_FIELDS, normalisedIdentityPart, type Series } from '#lib/domain/curve.ts';
import { type AurumError, refusal } from '#lib/domain/errors.ts';
import { blockOf, contractCalendar } from '#lib/domain/ppa/periods.ts';
import { blockFamily } from '#lib/domain/ppa/reference-prices.ts';
import type { CurveFilter } from '#lib/ports/curve-queries.ts';
import type { CurveDimension } from '#schemas/dimensions.ts';
import type { ScenarioOutputRow } from '#schemas/lake.ts';
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PriceSource } from '#schemas/ppa-routes.ts';
import { filterOf } from './query-curves.ts';

type Candidate = Pick<ScenarioOutputRow, (typeof IDENTITY_FIELDS)[number] | 'curve_key'> &
  Partial<Pick<CurveDimension, 'vendor'>>;

type Kind = Pick<Series, 'block' | 'asset_class' | 'spark_location'>;

/** Curves that fit the filter and are accepted. */
type Find<Curve> = (filter: CurveFilter, accept: (curve: Kind) => boolean) => Promise<readonly Curve[]>;

type Question = Exclude<PriceSource, { source: 'given' }>;

/**
 * @returns the curve, or those on and off peak
 * @throws curve_not_found, curve_ambiguous naming the candidates, block_mismatch naming the blocks there are,
 * reference_not_power, calendar_mismatch
 */
export async function chooseCurves<Curve extends Candidate>(
  question: Question,
  contract: PpaContract,
  field: string,
  find: Find<Curve>,
): Promise<readonly [Curve] | readonly [on_peak: Curve, off_peak: Curve]> {
  const { curve_key, block: asked } = question;
  const { block: _, ...anyBlock } = filterOf(question);
  const wanted = asked ?? blockOf(contract);
  const isNamed = curve_key !== undefined || asked !== undefined;
  // A filter that names neither curve nor block means curves of the contract's hours.
  const found = await find(
    filterOf(question),
    (curve) => isPower(curve) && (isNamed || isOfBlock(curve, wanted)),
  );
  if (found.length > 0) return [ofMarket(oneOf(found, field), contract, field)];
  const power = await find(anyBlock, isPower);
  if (power.length === 0) {
    const [foreign] = await find(anyBlock, () => true);
    throw foreign === undefined ? curveNotFound(field) : notPower(foreign, field);
  }
  const pairs = asked === undefined && isOfBlock({ block: 'BASE' }, wanted) ? peakPairs(power) : [];
  const [pair] = pairs;
  if (pair === undefined) throw blockMissing(power, wanted, field);
  if (pairs.length > 1) throw curveAmbiguous(pairs.flat(), field);
  ofMarket(pair[0], contract, field);
  return pair;
}

const isOfBlock = ({ block }: Pick<Series, 'block'>, wanted: string) =>
  blockFamily(block ?? 'BASE') === blockFamily(wanted);

/** A spark spread stands among the power curves, but is what is left of the price after its gas. */
const isPower = ({ asset_class, spark_location }: Kind) =>
  normalisedIdentityPart(asset_class) === 'power' && spark_location === null;

function oneOf<Curve extends Candidate>(found: readonly Curve[], field: string): Curve {
  if (found.length === 1) return found[0]!;
  throw curveAmbiguous(found, field);
}

/** Curves of one place by one vendor, on peak and off. */
function peakPairs<Curve extends Candidate>(
  curves: readonly Curve[],
): readonly (readonly [on_peak: Curve, off_peak: Curve])[] {
  const placeOf = (curve: Curve) =>
    [
      ...IDENTITY_FIELDS.map((part) => (part === 'block' ? '' : normalisedIdentityPart(curve[part]))),
      curve.vendor,
    ].join('|');
  return [...Map.groupBy(curves, placeOf).values()].flatMap((ofPlace) => {
    const on_peak = ofPlace.find((curve) => isOfBlock(curve, 'ON_PEAK'));
    const off_peak = ofPlace.find((curve) => isOfBlock(curve, 'OFF_PEAK'));
    return on_peak === undefined || off_peak === undefined ? [] : [[on_peak, off_peak] as const];
  });
}

/** A market's hours are its own: prices of another's are prices of something else. Where nobody knows its hours, it may be any. */
function ofMarket<Curve extends Candidate>(curve: Curve, contract: PpaContract, field: string): Curve {
  const { name } = contractCalendar(contract);
  const hours = hoursOfCurve({ ...curve, block: null });
  if (hours === undefined || hours.calendar.name === name) return curve;
  throw refusal(
    'calendar_mismatch',
    `${nameOf(curve)} is of the calendar ${hours.calendar.name}, the contract of ${name}`,
    {
      field,
      remedy: 'Value it on a curve of its market, correct contract.calendar, or give the prices by hand.',
    },
  );
}

function curveNotFound(field: string): AurumError {
  return refusal('curve_not_found', 'no such curve is released', {
    field,
    remedy: 'GET /v1/curves/dimensions lists the curves there are.',
  });
}

function notPower(curve: Candidate, field: string): AurumError {
  const what = curve.spark_location === null ? `a price of ${curve.asset_class}` : 'a spark spread';
  return refusal('reference_not_power', `${nameOf(curve)} is ${what}, no price of power`, {
    field,
    remedy: 'Value it on a curve of power.',
  });
}

function blockMissing(curves: readonly Candidate[], wanted: string, field: string): AurumError {
  const blocks = [...new Set(curves.map(({ block }) => block ?? 'BASE'))].sort().join(', ');
  const isMade = isOfBlock({ block: 'BASE' }, wanted) && peakPairs(curves).length > 0;
  return refusal('block_mismatch', `No curve for ${wanted} fits; there are curves for ${blocks}`, {
    field: `${field}.block`,
    remedy: isMade
      ? 'Leave the block out: the price of all hours is then made of those on and off peak.'
      : 'Value it on a curve of the block it delivers, or give the prices by hand.',
  });
}

const MAX_NAMED = 10;

function curveAmbiguous(candidates: readonly Candidate[], field: string): AurumError {
  const named = candidates.slice(0, MAX_NAMED).map(nameOf).join('; ');
  const more = candidates.length > MAX_NAMED ? ` and ${candidates.length - MAX_NAMED} more` : '';
  return refusal('curve_ambiguous', `${candidates.length} curves fit: ${named}${more}`, {
    field,
    remedy: 'Name one by curve_key, and by vendor where several quote it.',
  });
}

function nameOf(curve: Candidate): string {
  const parts = IDENTITY_FIELDS.flatMap((part) => curve[part] ?? []);
  const vendor = curve.vendor === undefined ? '' : ` of ${curve.vendor}`;
  return `${parts.join(' ')}${vendor} (${curve.curve_key})`;
}
