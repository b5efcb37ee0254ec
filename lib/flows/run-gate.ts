/**
 * Staged rows -> verdict. Fail-close: a red gate, one that crashes and one that runs too long are all red; the workbook
 * then waits in quarantine with its report, an alert is raised and nothing else moves.
 */
import type { Alert } from '#events/alert.ts';
import type { Topic } from '#events/topic.ts';
import type { CurveTable } from '#lib/domain/curve.ts';
import { AurumError } from '#lib/domain/errors.ts';
import { type ExpectationFamily, type GateInput, type GateRun, qaChecks, runGate } from '#lib/domain/gate.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveRelease, QaCheck } from '#schemas/lake.ts';
import { type GateResult, gateResult, type ParseReport, parseReport } from '#schemas/stages.ts';
import { readJson, requireJson, toJson, writeOnce } from './json-objects.ts';
import { currentReleases } from './releases-in-view.ts';
import {
  gateResultKey,
  gateRetryKey,
  quarantinePrefix,
  stagedReportKey,
  stagedRowsKey,
} from './stage-keys.ts';

export interface GatePorts {
  readonly objects: ObjectStore;
  readonly tables: Tables;
  readonly bus: EventBus;
  readonly log: IngestLog;
  readonly clock: Clock;
  readonly alertTopic: Topic<Alert>;
  readonly qaTopic: Topic<QaCheck>;
  readonly vendors: readonly VendorAdapter[];
  readonly families: readonly ExpectationFamily[];
  readonly gate_timeout_ms: number;
}

export async function gateWorkbook(version: string, ports: GatePorts): Promise<'green' | 'red' | 'already'> {
  return judge(version, { key: gateResultKey(version), marker: version }, ports);
}

/** Runs the gate again, by the decision of that number; the first result stays as it is. */
export async function gateAgain(
  version: string,
  number: number,
  ports: GatePorts,
): Promise<'green' | 'red' | 'already'> {
  const key = gateRetryKey(version, number);
  return judge(version, { key, marker: `${version}/retry-${number}` }, ports);
}

async function judge(
  version: string,
  { key, marker }: { readonly key: string; readonly marker: string },
  ports: GatePorts,
): Promise<'green' | 'red' | 'already'> {
  if ((await ports.objects.head(key)) !== undefined) return 'already';
  const report = await requireJson(ports.objects, stagedReportKey(version), parseReport);
  const run = await evaluate(report, ports);
  const verdict = run.success ? 'green' : 'red';
  const result: GateResult = {
    version,
    verdict,
    summary: summaryOf(report, run),
    suites: [...run.suites],
    warnings: run.warnings,
    report,
    checked_at: ports.clock.now(),
  };
  await ports.bus.publish(
    ports.qaTopic,
    marker,
    qaChecks(version, report.asof_date, run.suites, result.checked_at),
  );
  if (verdict === 'red') await quarantine(result, marker, ports);
  const status = verdict === 'green' ? 'running' : 'red';
  const stage = verdict === 'green' ? 'gated' : 'quarantined';
  await ports.log.record({
    ...logEntry(report),
    stage,
    status,
    detail: result.summary,
    at: result.checked_at,
  });
  // The result is the trigger of the release: last, when quarantine and alert are durable.
  await writeOnce(ports.objects, key, toJson(result));
  return verdict;
}

/** Cells that could not be read come first: what else is red mostly follows from them. */
function summaryOf({ failure_count, failures, notes }: ParseReport, run: GateRun): string {
  const [first] = failures;
  const noted =
    notes.length === 0 ? '' : ` ${notes.length} note${notes.length === 1 ? '' : 's'} in its report.`;
  if (first === undefined) return run.summary + noted;
  const cells = failure_count === 1 ? '1 cell' : `${failure_count} cells`;
  return `${cells} could not be read, first ${first.sheet}!${first.cell}: ${first.message}. ${run.summary}`;
}

const logEntry = ({ source, version, vendor, asof_date }: ParseReport) => ({
  source_key: source.key,
  etag: source.etag,
  version,
  vendor,
  asof_date,
});

/** The run of all families; a crash or an overrun is a red run that says so. A store that is away is thrown: try again. */
async function evaluate(report: ParseReport, ports: GatePorts): Promise<GateRun> {
  const table = await loadRows(ports.objects, stagedRowsKey(report.version));
  const previous = await previousDay(report, ports);
  const adapter = ports.vendors.find(({ vendor }) => vendor === report.vendor);
  if (adapter === undefined) {
    // Ours, not the workbook's: a red here would stay with its bytes for ever.
    const remedy = 'Deploy the layout to all functions; `npm start` takes a new one at its next start.';
    throw new AurumError('fault', 'vendor_unknown', `there is no layout for vendor "${report.vendor}"`, {
      remedy,
    });
  }
  try {
    const input: GateInput = {
      table,
      ...(previous === undefined ? {} : { previous }),
      seasons: adapter.seasons,
      heatRates: adapter.heatRates ?? {},
      parameters: { expected_rows: report.row_count + report.failure_count + unaccounted(report) },
    };
    const started_ms = performance.now();
    const run = runGate(input, ports.families);
    const took_ms = performance.now() - started_ms;
    return took_ms <= ports.gate_timeout_ms
      ? run
      : red(`the gate ran ${Math.round(took_ms)} ms, more than AURUM_GATE_TIMEOUT_MS`);
  } catch (error) {
    return red(`the gate crashed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const red = (summary: string): GateRun => ({ success: false, suites: [], warnings: 0, summary });

const unaccounted = ({ sheets }: ParseReport) =>
  sheets.reduce((sum, sheet) => sum + sheet.unaccounted_prices, 0);

async function loadRows(objects: ObjectStore, key: string): Promise<CurveTable> {
  const stored = await objects.get(key);
  if (stored === undefined)
    throw new AurumError('busy', 'stage_object_missing', `${key} is not in the store yet`, { file: key });
  return decodeCurveTable(stored.body);
}

/** Rows of the vendor's newest released day before this one, for jumps and staleness. */
async function previousDay(report: ParseReport, ports: GatePorts): Promise<CurveTable | undefined> {
  const earlier = currentReleases(await ports.tables.releases('main')).filter(
    ({ vendor, asof_date }) => vendor === report.vendor && asof_date < report.asof_date,
  );
  const newest = earlier.reduce<CurveRelease | undefined>(
    (best, release) => (best === undefined || release.asof_date > best.asof_date ? release : best),
    undefined,
  );
  return newest === undefined ? undefined : loadRows(ports.objects, newest.data_file);
}

async function quarantine(result: GateResult, marker: string, ports: GatePorts): Promise<void> {
  const { version, report } = result;
  await writeOnce(ports.objects, `${quarantinePrefix(version)}report.json`, toJson(report));
  await writeOnce(ports.objects, `${quarantinePrefix(version)}result.json`, toJson(result));
  const alert_id = `gate_red:${marker}`;
  await ports.bus.publish(ports.alertTopic, alert_id, [
    {
      alert_id,
      raised_at: result.checked_at,
      severity: 'critical',
      code: 'gate_red',
      message: `${report.source_file}: ${result.summary}`,
      source: report.source.key,
    },
  ]);
}

/** The gate's result of a workbook in quarantine; undefined when it is not there. */
export function quarantined(objects: ObjectStore, version: string): Promise<GateResult | undefined> {
  return readJson(objects, `${quarantinePrefix(version)}result.json`, gateResult);
}
