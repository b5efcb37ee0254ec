/**
 * What a scenario run is made from: base curves of one as-of day, the other curves its drivers name, and where volatilities
 * are estimated the days before. All from the releases of one commit of the tables, and only what the tenant has bought,
 * so that the same question has the same answer whenever the run's turn comes.
 */
import { type Caller, seesVendor } from '#lib/domain/access.ts';
import { normalisedIdentityPart } from '#lib/domain/curve.ts';
import type { CurveReference, ForwardCurve } from '#lib/domain/driver.ts';
import { busy, refusal } from '#lib/domain/errors.ts';
import { isInFilter } from '#lib/domain/scenario.ts';
import { forwardCurves } from '#lib/domain/scenario-curves.ts';
import { fittingCurves } from '#lib/domain/scenario-fit.ts';
import type { Scenario } from '#lib/domain/scenario-graph.ts';
import type { CurveFilter, CurveQueries } from '#lib/ports/curve-queries.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { ScenarioRunRequest } from '#schemas/scenario-run.ts';
import { currentReleases } from './releases-in-view.ts';
import { releaseFinder } from './verify-log.ts';

export interface InputPorts {
  readonly tables: Tables;
  readonly queries: CurveQueries;
}

export interface InputRequest {
  readonly request: ScenarioRunRequest;
  readonly scenario: Scenario;
  readonly entitlements: Caller['entitlements'];
  /** Commit of the tables whose releases are read; left out, the newest. */
  readonly commit?: string;
}

export interface BaseCurve extends ForwardCurve {
  readonly vendor: string;
}

export interface ScenarioInputs {
  readonly asof: string;
  readonly commit: string;
  readonly curves: readonly BaseCurve[];
  /** Curves the drivers read beside those they change. */
  readonly fuels: readonly ForwardCurve[];
  /** Newest first: the as-of day of the run and those before it. */
  readonly history: readonly CurveRelease[];
  /** Versions of the sheets and workbooks read. */
  readonly versions: readonly string[];
  /** The same, curve by curve: what tells one set of inputs from any other. */
  readonly identity: readonly string[];
  /** Curves that were left out, and why: where the request names none. */
  readonly notes: readonly string[];
}

/** A run reads its curves at once, and its output is one file. */
const MAX_RUN_ROWS = 100_000;
/** Two years of market days: older volatilities say little of today's. */
const HISTORY_DAYS = 500;

/** @throws AurumError `scenario_curve_missing`, `query_too_broad`, `scenario_month_repeated`, `currencies_mixed`. */
export async function scenarioInputs(asked: InputRequest, ports: InputPorts): Promise<ScenarioInputs> {
  const { request, scenario, entitlements } = asked;
  const commit = asked.commit ?? (await newestCommit(ports.tables));
  const releases = currentReleases(await ports.tables.releases({ ref: 'main', commit })).filter(
    ({ vendor }) => seesVendor({ entitlements }, vendor),
  );
  const reader: Reader = { releases, entitlements, ports };
  const { asof, rows } = await baseRows(request, scenario, reader);
  const found = baseCurves(rows, releases);
  const fuelRows = await neededRows(scenario.needs, asof, reader);
  const fuels = forwardCurves(fuelRows);
  const market = { curves: [...fuels, ...found], rates: request.fx_rates };
  const window = { from: request.contract_from, to: request.contract_to };
  const { fitting: curves, notes } = namesCurves(request)
    ? { fitting: found, notes: [] }
    : fittingCurves(found, { scenario, market, asof, ...window });
  const vendors = new Set(curves.map(({ vendor }) => vendor));
  const history =
    request.bands?.model === 'estimate'
      ? newestDays(releases.filter((one) => vendors.has(one.vendor) && one.asof_date <= asof))
      : [];
  const keys = new Set(curves.map(({ curve_key }) => curve_key));
  const read = [...rows.filter(({ curve_key }) => keys.has(curve_key)), ...fuelRows];
  const versionOfDay = history.map(({ version }) => version);
  return {
    asof,
    commit,
    curves,
    fuels,
    history,
    notes,
    versions: distinct([...read.map(({ version_hash }) => version_hash), ...versionOfDay]),
    identity: distinct([
      ...read.map(({ curve_key, version_hash }) => `${curve_key}@${version_hash}`),
      ...versionOfDay,
    ]),
  };
}

interface Reader {
  readonly releases: readonly CurveRelease[];
  readonly entitlements: Caller['entitlements'];
  readonly ports: InputPorts;
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();

async function newestCommit(tables: Tables): Promise<string> {
  const head = await tables.head('main');
  if (head === undefined) throw busy('catalog_missing', 'the catalog has no main branch yet');
  return head.commit;
}

/** Whether a run is of curves it names; else it is of those its assumptions hold for and fit. */
function namesCurves({ curves }: ScenarioRunRequest): boolean {
  return Object.values(curves).some((wanted) => wanted !== undefined);
}

/**
 * Months of the curves asked for, or of those an assumption names where none are; of `latest` those of the newest day that
 * has any.
 */
async function baseRows(
  request: ScenarioRunRequest,
  { assumptions }: Scenario,
  reader: Reader,
): Promise<{ asof: string; rows: readonly CurveObservation[] }> {
  const { asof, vendor } = request;
  const filters = namesCurves(request)
    ? [request.curves]
    : assumptions.map(({ applies_to: { from: _, to: __, ...filter } }) => filter);
  const ofVendor = reader.releases.filter((release) => vendor === undefined || release.vendor === vendor);
  const days = [...new Set(ofVendor.map(({ asof_date }) => asof_date))].sort().reverse();
  for (const day of asof === 'latest' ? days : [asof]) {
    const releases = ofVendor.filter(({ asof_date }) => asof_date === day);
    const found = await months({ ...reader, releases }, narrowed(filters));
    const rows = found.filter((row) => filters.some((filter) => isInFilter(row, filter)));
    if (rows.length > 0) return { asof: day, rows };
  }
  const [what, field] = namesCurves(request)
    ? ['the selection', 'curves']
    : ['what the assumptions apply to', 'assumptions'];
  throw refusal('scenario_curve_missing', `no curve matches ${what} as of ${asof}`, {
    field,
    remedy: 'Ask GET /v1/curves with the same filter and as-of day for what there is.',
  });
}

/** The fields of which all filters want the same one value, as the port's filter; the others are looked at row by row. */
function narrowed([first = {}, ...others]: readonly ScenarioRunRequest['curves'][]): CurveFilter {
  const wanted = (values: readonly string[] | undefined) =>
    values?.length === 1 ? normalisedIdentityPart(values[0]!) : undefined;
  return Object.fromEntries(
    Object.entries(first).flatMap(([field, values]) => {
      const only = wanted(values);
      const isShared = others.every((other) => wanted(other[field as keyof typeof other]) === only);
      return only !== undefined && isShared ? [[field, values![0]]] : [];
    }),
  );
}

async function months(
  { releases, entitlements, ports }: Reader,
  filter: CurveFilter,
): Promise<readonly CurveObservation[]> {
  if (releases.length === 0) return [];
  const rows = await ports.queries.slice({
    releases,
    latest: false,
    entitlements,
    filter: { ...filter, tenor_type: 'MONTHLY' },
    limit: MAX_RUN_ROWS + 1,
  });
  if (rows.length <= MAX_RUN_ROWS) return rows;
  throw refusal('query_too_broad', `the selection is of more than ${MAX_RUN_ROWS} months`, {
    field: 'curves',
    remedy: 'Name fewer curves.',
  });
}

function baseCurves(rows: readonly CurveObservation[], releases: readonly CurveRelease[]): BaseCurve[] {
  const releaseOf = releaseFinder(releases);
  const vendorOf = new Map(rows.map((row) => [row.curve_key, releaseOf(row)!.vendor]));
  return forwardCurves(rows).map((curve) => ({ ...curve, vendor: vendorOf.get(curve.curve_key)! }));
}

/** What is not there is left out: the driver that needs it says so by its field. */
async function neededRows(
  needs: readonly CurveReference[],
  asof: string,
  reader: Reader,
): Promise<CurveObservation[]> {
  const wanted = new Map(needs.map((need) => [`${need.curve_key}|${need.asof ?? asof}`, need]));
  const found: CurveObservation[] = [];
  for (const { curve_key, asof: day = asof } of wanted.values()) {
    const releases = reader.releases.filter(({ asof_date }) => asof_date === day);
    found.push(...(await months({ ...reader, releases }, { curve_key })));
  }
  return found;
}

/** Those of the newest as-of days, as many as an estimate takes. */
export function newestDays(releases: readonly CurveRelease[]): CurveRelease[] {
  const days = [...new Set(releases.map(({ asof_date }) => asof_date))].sort().slice(-HISTORY_DAYS);
  return releases
    .filter(({ asof_date }) => days.includes(asof_date))
    .sort((a, b) => (a.asof_date > b.asof_date ? -1 : 1));
}
