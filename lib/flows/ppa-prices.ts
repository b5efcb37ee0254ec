/**
 * Where a valuation takes its prices from -> the prices, month by month, and what they are of. Exactly one curve must fit;
 * a curve the caller may not see fits nothing. Knows no contract but its block.
 */
import type { Caller } from '#lib/domain/access.ts';
import { IDENTITY_FIELDS, normalisedIdentityPart, type Series } from '#lib/domain/curve.ts';
import { refusal } from '#lib/domain/errors.ts';
import { monthlyPrices, priceUnitUnknown } from '#lib/domain/ppa/monthly-prices.ts';
import { blockFamily } from '#lib/domain/ppa/reference-prices.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import type { ScenarioRuns } from '#lib/ports/scenarios.ts';
import type { CurveDimension } from '#schemas/dimensions.ts';
import type { CurveRelease, ScenarioOutputRow } from '#schemas/lake.ts';
import type { PpaMarketInput } from '#schemas/ppa.ts';
import type { PriceOrigin, PriceSource } from '#schemas/ppa-routes.ts';
import { filterOf, type QueryPorts, viewOf } from './query-curves.ts';
import { releaseMetaOf } from './releases-in-view.ts';
import { storedRows } from './scenario-outputs.ts';
import { requireRun } from './scenario-runs.ts';

export interface PricePorts extends QueryPorts {
  readonly vendors: readonly VendorAdapter[];
  readonly runs: ScenarioRuns;
}

type SourceOf<Name extends PriceSource['source']> = Extract<PriceSource, { source: Name }>;

export interface FoundPrices {
  readonly curve: PpaMarketInput['reference'];
  /** Undefined for prices given by hand. */
  readonly asof_date: string | undefined;
  readonly origin: PriceOrigin;
}

/**
 * @param block of the contract: what a filter that names no block means
 * @throws AurumError `curve_not_found`, `curve_ambiguous` naming the candidates, `curve_empty`, `price_unit_unknown` ...
 */
export async function findPrices(
  source: PriceSource,
  block: string,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<FoundPrices> {
  switch (source.source) {
    case 'given': {
      const { source: given, ...curve } = source;
      const origin = { source: given, curve_key: curve.curve_key, release: null, run: null };
      return { curve, asof_date: undefined, origin };
    }
    case 'curve':
      return releasedPrices(source, block, field, ports, caller);
    case 'scenario':
      return scenarioPrices(source, block, field, ports, caller);
  }
}

/** A filter that names neither curve nor block means curves of the contract's hours. */
function blockFilter({ curve_key, block: asked }: SourceOf<'curve' | 'scenario'>, block: string) {
  if (curve_key !== undefined || asked !== undefined) return () => true;
  return (curve: Pick<Series, 'block'>) => blockFamily(curve.block ?? 'BASE') === blockFamily(block);
}

/** Rows of one curve in one release, with room to spare. */
const MAX_ROWS = 10_000;

async function releasedPrices(
  source: SourceOf<'curve'>,
  block: string,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<FoundPrices> {
  const { release, curve_key } = await oneCurve(source, block, field, ports, caller);
  const rows = await ports.queries.slice({
    releases: [release],
    latest: false,
    entitlements: caller.entitlements,
    filter: { curve_key },
    limit: MAX_ROWS,
  });
  const seasons = ports.vendors.find(({ vendor }) => vendor === release.vendor)?.seasons;
  const { side, strips } = source;
  const curve = monthlyPrices(rows, { side, strips, field, ...(seasons === undefined ? {} : { seasons }) });
  return {
    curve,
    asof_date: release.asof_date,
    origin: { source: 'curve', curve_key, release: releaseMetaOf(release), run: null },
  };
}

interface FoundCurve {
  readonly release: CurveRelease;
  readonly curve_key: string;
}

async function oneCurve(
  source: SourceOf<'curve'>,
  block: string,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<FoundCurve> {
  const view = await viewOf(source, '', ports.tables, caller);
  const vendor = source.vendor === undefined ? undefined : normalisedIdentityPart(source.vendor);
  const releases = view.releases.filter((release) => vendor === undefined || release.vendor === vendor);
  const curvesOf = async (of: readonly CurveRelease[]) => {
    const { curves } = await ports.queries.dimensions({
      releases: of,
      entitlements: caller.entitlements,
      filter: filterOf(source),
      accept: blockFilter(source, block),
    });
    return curves;
  };
  const newest = lastOf(releases.map(({ asof_date }) => asof_date));
  const ofNewest = await curvesOf(releases.filter(({ asof_date }) => asof_date === newest));
  // Days are asked for one by one only where the newest has no such curve.
  const found = ofNewest.length > 0 ? ofNewest : await curvesOf(releases);
  const asof_date = lastOf(found.map(({ last_asof }) => last_asof));
  const candidates = found.filter(({ last_asof }) => last_asof === asof_date);
  const [curve] = candidates;
  if (curve === undefined) throw curveNotFound(field);
  if (candidates.length > 1) throw curveAmbiguous(candidates, field);
  const release = releases.find((one) => one.vendor === curve.vendor && one.asof_date === asof_date)!;
  return { release, curve_key: curve.curve_key };
}

/** One curve of a run that succeeded. */
async function scenarioPrices(
  source: SourceOf<'scenario'>,
  block: string,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<FoundPrices> {
  const run = await requireRun(ports.runs, caller.tenant, source.run_id, `${field}.run_id`);
  const rows = await storedRows(run, ports.tables, `${field}.run_id`);
  const fits = blockFilter(source, block);
  const asked = Object.entries(filterOf(source)) as [(typeof IDENTITY_FIELDS)[number], string][];
  const ofCurve = rows.filter(
    (row) =>
      fits(row) &&
      asked.every(([name, wanted]) => normalisedIdentityPart(row[name]) === normalisedIdentityPart(wanted)),
  );
  const curves = [...new Map(ofCurve.map((row) => [row.curve_key, row])).values()];
  const [first] = curves;
  if (first === undefined) throw curveNotFound(field);
  if (curves.length > 1) throw curveAmbiguous(curves, field);
  const { curve_key, currency, per_unit } = first;
  if (currency === null || per_unit === null) throw priceUnitUnknown(field);
  const prices = ofCurve.map((row) => ({
    month: row.contract_month,
    price: priceOf(row, source.price, `${field}.price`),
  }));
  const { run_id, scenario_id, run_hash, asof_date } = run;
  return {
    curve: { curve_key, block: first.block ?? 'BASE', currency, per_unit, prices },
    asof_date,
    origin: {
      source: 'scenario',
      curve_key,
      release: null,
      run: { run_id, scenario_id, run_hash, price: source.price },
    },
  };
}

function priceOf(row: ScenarioOutputRow, name: string, field: string): number {
  if (name === 'scenario') return row.scenario_price;
  if (name === 'base') return row.base_price;
  const bands = JSON.parse(row.bands) as Readonly<Record<string, number>>;
  const price = bands[name];
  if (price !== undefined) return price;
  const known = Object.keys(bands).join(', ');
  throw refusal('scenario_band_not_found', `the run has no ${name}`, {
    field,
    remedy: known === '' ? 'Run the scenario with bands.' : `It has ${known}.`,
  });
}

const lastOf = (days: readonly string[]): string => days.reduce((last, day) => (day > last ? day : last), '');

function curveNotFound(field: string) {
  return refusal('curve_not_found', 'no such curve is released', {
    field,
    remedy: 'GET /v1/curves/dimensions lists the curves there are.',
  });
}

const MAX_NAMED = 10;

type Candidate = Pick<ScenarioOutputRow, (typeof IDENTITY_FIELDS)[number] | 'curve_key'> &
  Partial<Pick<CurveDimension, 'vendor'>>;

function curveAmbiguous(candidates: readonly Candidate[], field: string) {
  const nameOf = (curve: Candidate) => {
    const parts = IDENTITY_FIELDS.flatMap((part) => curve[part] ?? []);
    const vendor = curve.vendor === undefined ? '' : ` of ${curve.vendor}`;
    return `${parts.join(' ')}${vendor} (${curve.curve_key})`;
  };
  const named = candidates.slice(0, MAX_NAMED).map(nameOf).join('; ');
  const more = candidates.length > MAX_NAMED ? ` and ${candidates.length - MAX_NAMED} more` : '';
  return refusal('curve_ambiguous', `${candidates.length} curves fit: ${named}${more}`, {
    field,
    remedy: 'Name one by curve_key, and by vendor where several quote it.',
  });
}
