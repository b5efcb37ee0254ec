/**
 * Where a valuation takes its prices from -> the prices, month by month, and what they are of. Exactly one curve must fit;
 * a curve the caller may not see fits nothing. Knows of the contract its market and its hours.
 */
import type { Caller } from '#lib/domain/access.ts';
import { normalisedIdentityPart } from '#lib/domain/curve.ts';
import { refusal } from '#lib/domain/errors.ts';
import { baseOfBlocks } from '#lib/domain/ppa/base-of-blocks.ts';
import { monthlyPrices, priceUnitUnknown } from '#lib/domain/ppa/monthly-prices.ts';
import { contractCalendar } from '#lib/domain/ppa/periods.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import type { CurveFilter } from '#lib/ports/curve-queries.ts';
import type { ScenarioRuns } from '#lib/ports/scenarios.ts';
import type { CurveDimension } from '#schemas/dimensions.ts';
import type { CurveRelease, ScenarioOutputRow } from '#schemas/lake.ts';
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput } from '#schemas/ppa-market.ts';
import type { PriceOrigin, PriceSource } from '#schemas/ppa-routes.ts';
import { chooseCurves } from './ppa-curve-choice.ts';
import { type QueryPorts, viewOf } from './query-curves.ts';
import { releaseMetaOf } from './releases-in-view.ts';
import { storedRows } from './scenario-outputs.ts';
import { requireRun } from './scenario-runs.ts';

export interface PricePorts extends QueryPorts {
  readonly vendors: readonly VendorAdapter[];
  readonly runs: ScenarioRuns;
}

type SourceOf<Name extends PriceSource['source']> = Extract<PriceSource, { source: Name }>;
type Curve = PpaMarketInput['reference'];

export interface FoundPrices {
  readonly curve: Curve;
  /** Undefined for prices given by hand. */
  readonly asof_date: string | undefined;
  readonly origin: PriceOrigin;
}

/**
 * @param contract its block is what a filter that names no block means; its calendar is the curve's
 * @throws AurumError as `chooseCurves`; `curve_empty`, `price_unit_unknown` ...
 */
export async function findPrices(
  source: PriceSource,
  contract: PpaContract,
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
      return releasedPrices(source, contract, field, ports, caller);
    case 'scenario':
      return scenarioPrices(source, contract, field, ports, caller);
  }
}

/** One curve as it is; two, on and off peak, as the price of all hours, with what it was made of. */
function asOne(
  curves: readonly Curve[],
  contract: PpaContract,
  field: string,
): { readonly curve: Curve } & Pick<PriceOrigin, 'curve_key' | 'derived_from'> {
  const [curve, off_peak] = curves;
  if (off_peak === undefined) return { curve: curve!, curve_key: curve!.curve_key ?? null };
  return {
    curve: baseOfBlocks(curve!, off_peak, contractCalendar(contract), field),
    curve_key: null,
    derived_from: curves.map(({ block, curve_key, version_hashes = [] }) => ({
      block,
      curve_key: curve_key!,
      version_hashes,
    })),
  };
}

/** Rows of one curve in one release, with room to spare. */
const MAX_ROWS = 10_000;

async function releasedPrices(
  source: SourceOf<'curve'>,
  contract: PpaContract,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<FoundPrices> {
  const { release, keys } = await chosenCurves(source, contract, field, ports, caller);
  const seasons = ports.vendors.find(({ vendor }) => vendor === release.vendor)?.seasons;
  const { side, strips } = source;
  const options = { side, strips, field, ...(seasons === undefined ? {} : { seasons }) };
  const curves: Curve[] = [];
  for (const curve_key of keys) {
    const rows = await ports.queries.slice({
      releases: [release],
      latest: false,
      entitlements: caller.entitlements,
      filter: { curve_key },
      limit: MAX_ROWS,
    });
    curves.push(monthlyPrices(rows, options));
  }
  const { curve, ...made } = asOne(curves, contract, field);
  return {
    curve,
    asof_date: release.asof_date,
    origin: { source: 'curve', ...made, release: releaseMetaOf(release), run: null },
  };
}

interface ChosenCurves {
  readonly release: CurveRelease;
  /** One, or two: on and off peak. */
  readonly keys: readonly string[];
}

async function chosenCurves(
  source: SourceOf<'curve'>,
  contract: PpaContract,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<ChosenCurves> {
  const { releases } = await viewOf(source, '', ports, caller);
  const newest = lastOf(releases.map(({ asof_date }) => asof_date));
  const ofNewest = releases.filter(({ asof_date }) => asof_date === newest);
  const { entitlements } = caller;
  const chosen = await chooseCurves(source, contract, field, async (filter, accept) => {
    const curvesOf = async (of: readonly CurveRelease[]): Promise<readonly CurveDimension[]> =>
      (await ports.queries.dimensions({ releases: of, entitlements, filter, accept })).curves;
    // Days are asked for one by one only where the newest has no such curve.
    const found = await curvesOf(ofNewest);
    return ofLastDay(found.length > 0 ? found : await curvesOf(releases));
  });
  const [{ vendor: by, last_asof }] = chosen;
  const release = releases.find((one) => one.vendor === by && one.asof_date === last_asof)!;
  return { release, keys: chosen.map(({ curve_key }) => curve_key) };
}

function ofLastDay(curves: readonly CurveDimension[]): readonly CurveDimension[] {
  const last = lastOf(curves.map(({ last_asof }) => last_asof));
  return curves.filter(({ last_asof }) => last_asof === last);
}

/** One curve of a run that succeeded. */
async function scenarioPrices(
  source: SourceOf<'scenario'>,
  contract: PpaContract,
  field: string,
  ports: PricePorts,
  caller: Caller,
): Promise<FoundPrices> {
  const run = await requireRun(ports.runs, caller.tenant, source.run_id, `${field}.run_id`);
  const rows = await storedRows(run, ports.tables, `${field}.run_id`);
  const curvesOfRun = [...new Map(rows.map((row) => [row.curve_key, row])).values()];
  const chosen = await chooseCurves(source, contract, field, async (filter, accept) =>
    curvesOfRun.filter((row) => accept(row) && fits(row, filter)),
  );
  if (chosen.length > 1) refuseBand(source.price, `${field}.price`);
  const curves = chosen.map((one) =>
    runCurve(
      one,
      rows.filter(({ curve_key }) => curve_key === one.curve_key),
      source.price,
      field,
    ),
  );
  const { curve, ...made } = asOne(curves, contract, field);
  const { run_id, scenario_id, run_hash, asof_date } = run;
  return {
    curve,
    asof_date,
    origin: {
      source: 'scenario',
      ...made,
      release: null,
      run: { run_id, scenario_id, run_hash, price: source.price },
    },
  };
}

const fits = (row: ScenarioOutputRow, filter: CurveFilter) =>
  Object.entries(filter).every(
    ([name, wanted]) =>
      normalisedIdentityPart(row[name as keyof ScenarioOutputRow] as string | null) ===
      normalisedIdentityPart(wanted),
  );

function runCurve(
  { curve_key, block, currency, per_unit }: ScenarioOutputRow,
  rows: readonly ScenarioOutputRow[],
  price: string,
  field: string,
): Curve {
  if (currency === null || per_unit === null) throw priceUnitUnknown(field);
  const prices = rows.map((row) => ({
    month: row.contract_month,
    price: priceOf(row, price, `${field}.price`),
  }));
  return { curve_key, block: block ?? 'BASE', currency, per_unit, prices };
}

/** The quantile of a mean of two prices is not the mean of their quantiles. */
function refuseBand(price: string, field: string): void {
  if (price === 'scenario' || price === 'base') return;
  throw refusal(
    'scenario_band_not_found',
    `the run has no ${price} of all hours, only of those on and off peak`,
    {
      field,
      remedy: 'Value it on scenario or base, or on one block.',
    },
  );
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
