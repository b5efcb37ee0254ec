/**
 * A run asked for -> its rows, seen by everyone at once. Everything is computed first; then the run is sealed, its file
 * committed, its rows published, its state set, each step void the second time, so a crash between any two is mended by
 * delivering the request again. A run that fails leaves a reason and an alert, and nothing else.
 */
import type { Alert } from '#events/alert.ts';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import type { ScenarioRequest } from '#events/scenario-request.ts';
import type { Topic } from '#events/topic.ts';
import { type Caller, HOUSE_TENANT } from '#lib/domain/access.ts';
import { AurumError, type ErrorDetail, errorLine, refusal } from '#lib/domain/errors.ts';
import { runScenario, type ScenarioResult } from '#lib/domain/scenario.ts';
import { bandsRefusal, pooledCoverage, scenarioBands } from '#lib/domain/scenario-bands.ts';
import { outputRows } from '#lib/domain/scenario-output.ts';
import { type CoverageReport, estimateModel, heldOutCoverage } from '#lib/domain/simulation/calibration.ts';
import type { PriceBands } from '#lib/domain/simulation/model.ts';
import type { PriceHistory } from '#lib/domain/simulation/price-history.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ScenarioRuns } from '#lib/ports/scenarios.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { StagedFile, Tables } from '#lib/ports/tables.ts';
import { storedAssumption } from '#schemas/scenario.ts';
import {
  type BandCoverage,
  type ScenarioBandsRequest,
  type ScenarioOutput,
  type ScenarioRunRequest,
  scenarioRunRequest,
} from '#schemas/scenario-run.ts';
import { commitRows } from './commit-rows.ts';
import { priceHistory } from './price-history.ts';
import { boundScenario, hashOfRun } from './request-run.ts';
import { type InputPorts, type ScenarioInputs, scenarioInputs } from './scenario-inputs.ts';
import { storedOutput } from './scenario-outputs.ts';
import { type KeptPorts, keepRecord } from './tenant-records.ts';
import { entitlementsOf } from './tenants.ts';

export interface RunScenarioPorts extends InputPorts, KeptPorts {
  readonly runs: ScenarioRuns;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly simulator: Simulator;
  readonly code_version: string;
  readonly alertTopic: Topic<Alert>;
}

export type RunOutcome = 'succeeded' | 'failed' | 'cancelled' | 'already';

/** Our own mistakes may be a machine's: a run that ends so is tried again before it is said to have failed. */
const MAX_TRIES = 3;
/** Rows a batch of the topic. */
const BATCH_ROWS = 5_000;

export async function runRequested(request: ScenarioRequest, ports: RunScenarioPorts): Promise<RunOutcome> {
  const outcome = await take(request, ports);
  await keepRecord('run', request.run_id, request.tenant_id, ports);
  return outcome;
}

async function take(request: ScenarioRequest, ports: RunScenarioPorts): Promise<RunOutcome> {
  const begun = await ports.runs.begin(request, ports.clock.now());
  if (begun === undefined) return 'already';
  let output: RunOutput | undefined;
  try {
    output = await computed(request, ports);
  } catch (error) {
    if (begun.sealed || mayPass(error, begun.tries)) throw error;
    return fail(request, error, ports);
  }
  return output === undefined ? 'cancelled' : show(request, output, ports);
}

interface RunOutput {
  readonly result: ScenarioResult;
  readonly rows: readonly ScenarioOutput[];
  readonly notes: readonly string[];
  readonly band_coverage: BandCoverage | null;
  readonly file: StagedFile;
}

/** All of the output, in a file that no table names yet; undefined when the run was cancelled meanwhile. */
async function computed(request: ScenarioRequest, ports: RunScenarioPorts): Promise<RunOutput | undefined> {
  const { run_id, tenant_id, scenario_id, run_hash, attempt, requested_at } = request;
  const isWanted = () => ports.runs.isRunning(tenant_id, run_id, attempt);
  const asked = scenarioRunRequest.parse(JSON.parse(request.request));
  const scenario = boundScenario(storedAssumption.array().parse(JSON.parse(request.assumptions)));
  const entitlements = await entitledNow(tenant_id, ports.sql);
  const commit = request.input_commit;
  const inputs = await scenarioInputs({ request: asked, scenario, entitlements, commit }, ports);
  checkIdentity(request, asked, inputs, ports.code_version);
  const { asof, curves, fuels } = inputs;
  const market = { curves: [...fuels, ...curves], rates: asked.fx_rates };
  const window = { from: asked.contract_from, to: asked.contract_to };
  const result = runScenario({ scenario, curves, market, asof, ...window });
  if (!(await isWanted())) return undefined;
  const bands = asked.bands && (await bandsOf(result, asked, inputs, ports, isWanted));
  if (!(await isWanted())) return undefined;
  const rows = outputRows(result, { run_id, tenant_id, scenario_id, run_hash }, bands?.found);
  const name = { version: run_id, at: requested_at };
  const file = await ports.tables.stageRows('market.scenario_output', name, rows.map(storedOutput));
  const notes = [...result.notes, ...inputs.notes, ...(bands?.notes ?? [])];
  return { result, rows, notes, band_coverage: pooledCoverage(bands?.covered ?? new Map()), file };
}

/** What the tenant may see when its run's turn comes, not when it was asked for. */
async function entitledNow(tenant: string, sql: Sql): Promise<Caller['entitlements']> {
  return tenant === HOUSE_TENANT ? 'all' : ((await entitlementsOf(sql, tenant)) ?? []);
}

/** What was asked for is what is computed: same code, same curves, seen with the same rights. */
function checkIdentity(
  request: ScenarioRequest,
  asked: ScenarioRunRequest,
  inputs: ScenarioInputs,
  code_version: string,
): void {
  if (hashOfRun(request.scenario_hash, asked, inputs, code_version) === request.run_hash) return;
  const what =
    code_version === request.code_version
      ? 'the curves of the run are not those it was asked for on'
      : `the run was asked for of version ${request.code_version}, this is ${code_version}`;
  throw refusal('run_inputs_changed', what, { field: 'curves', remedy: 'Ask for the run again.' });
}

interface RunBands {
  readonly found: ReadonlyMap<string, PriceBands>;
  /** Of estimated volatilities, where there are days enough to hold some out. */
  readonly covered: ReadonlyMap<string, CoverageReport>;
  readonly notes: readonly string[];
}

/** Curve by curve; stops between two when the run is cancelled. */
async function bandsOf(
  result: ScenarioResult,
  { bands, seed }: ScenarioRunRequest,
  inputs: ScenarioInputs,
  ports: RunScenarioPorts,
  isWanted: () => Promise<boolean>,
): Promise<RunBands> {
  const { dynamics, paths, levels, model } = bands!;
  const found = new Map<string, PriceBands>();
  const covered = new Map<string, CoverageReport>();
  const uncovered = new Map<string, number>();
  for (const curve of result.curves) {
    if (!(await isWanted())) break;
    const { curve_key } = curve.base;
    const history = model === 'estimate' ? await historyOf(curve_key, inputs, ports) : undefined;
    try {
      const ofCurve = model === 'estimate' ? estimateModel(history!, { kind: dynamics }).model : model;
      const settings = { asof: result.asof, seed, paths, levels, dynamics, modelOf: () => ofCurve };
      const one = await scenarioBands([curve], settings, (job) => ports.simulator.run(job));
      found.set(curve_key, one.get(curve_key)!);
    } catch (error) {
      throw bandsRefusal(error, curve.base);
    }
    const coverage = history && coverageOf(history, dynamics);
    if (typeof coverage === 'string') uncovered.set(coverage, (uncovered.get(coverage) ?? 0) + 1);
    else if (coverage !== undefined) covered.set(curve_key, coverage);
  }
  return {
    found,
    covered,
    notes: [...uncovered].map(([why, curves]) => `${why} (${curves} ${curves === 1 ? 'curve' : 'curves'})`),
  };
}

/** What there is to say of the bands, or why nothing is: bands without it are bands all the same. */
function coverageOf(history: PriceHistory, kind: ScenarioBandsRequest['dynamics']): CoverageReport | string {
  try {
    return heldOutCoverage(history, { kind });
  } catch (error) {
    if (!(error instanceof AurumError) || error.kind === 'fault') throw error;
    return `Coverage of the bands is not measured: ${error.message}`;
  }
}

/** The releases of the curve's vendor up to the as-of day. */
function historyOf(
  curve_key: string,
  { curves, history }: ScenarioInputs,
  { queries }: RunScenarioPorts,
): Promise<PriceHistory> {
  const { vendor } = curves.find((curve) => curve.curve_key === curve_key)!;
  const releases = history.filter((release) => release.vendor === vendor);
  // The curve is the tenant's: it is among the inputs.
  return priceHistory(curve_key, releases, queries, 'all');
}

/** Not before all is computed, and from here on to the end: the rows are committed, published, and the run is done. */
async function show(
  request: ScenarioRequest,
  { result, rows, notes, band_coverage, file }: RunOutput,
  ports: RunScenarioPorts,
): Promise<RunOutcome> {
  const { run_id, tenant_id, attempt, asof_date, requested_at } = request;
  if (!(await ports.runs.seal(tenant_id, run_id, attempt, ports.clock.now()))) return 'cancelled';
  const table_commit = await commitOutput({ run_id, tenant_id, asof_date, requested_at }, file, ports.tables);
  await publishOutput(run_id, rows, ports.bus);
  const counts = { curve_count: result.curves.length, row_count: rows.length, notes, band_coverage };
  const place = { data_file: file.key, table_commit };
  await ports.runs.succeed(tenant_id, run_id, attempt, { ...counts, ...place }, ports.clock.now());
  return 'succeeded';
}

/** @returns the commit of `main` from which the rows are seen. */
export function commitOutput(
  { run_id, tenant_id, asof_date, requested_at }: RunPlace,
  file: StagedFile,
  tables: Tables,
): Promise<string> {
  const summary = { 'aurum.version': run_id, 'aurum.asof': asof_date, 'aurum.tenant': tenant_id };
  return commitRows(file, { branch: 'scenario_output', summary, committed_at: requested_at }, tables);
}

type RunPlace = Pick<ScenarioRequest, 'run_id' | 'tenant_id' | 'asof_date' | 'requested_at'>;

/** Once, however often it is called. */
export async function publishOutput(
  run_id: string,
  rows: readonly ScenarioOutput[],
  bus: EventBus,
): Promise<void> {
  for (let start = 0; start < rows.length; start += BATCH_ROWS) {
    const batch = rows.slice(start, start + BATCH_ROWS);
    await bus.publish(scenarioOutputTopic, `${run_id}/${start}`, batch);
  }
}

/** A store that is away, or a fault that a second try may not meet. */
function mayPass(error: unknown, tries: number): boolean {
  if (error instanceof AurumError && error.kind !== 'fault') return error.retryable;
  return tries < MAX_TRIES;
}

/** Alert first: the state is what ends the run. */
async function fail(request: ScenarioRequest, error: unknown, ports: RunScenarioPorts): Promise<RunOutcome> {
  const { run_id, tenant_id, attempt } = request;
  const detail = detailOf(error);
  const alert_id = `scenario_run_failed:${run_id}.${attempt}`;
  const raised_at = ports.clock.now();
  await ports.bus.publish(ports.alertTopic, alert_id, [
    {
      alert_id,
      raised_at,
      severity: 'warning',
      code: 'scenario_run_failed',
      message: `Scenario run ${run_id} of tenant ${tenant_id}: ${errorLine(detail)}`,
      source: run_id,
    },
  ]);
  await ports.runs.fail(tenant_id, run_id, attempt, detail, raised_at);
  return 'failed';
}

function detailOf(error: unknown): ErrorDetail {
  if (error instanceof AurumError) return error.detail();
  // What it says is ours and may name more than the tenant's own.
  return { code: 'run_fault', message: 'the run failed by a mistake of ours; it is in the log' };
}
