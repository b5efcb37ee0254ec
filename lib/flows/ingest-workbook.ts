/**
 * Raw workbook -> staged rows and report. Reads the object the event names, parses it where it can be stopped, and
 * leaves `staged/{version}/`; a workbook that cannot be read leaves its reason instead. Knows nothing of gates.
 */
import { hash } from 'node:crypto';
import type { IngestError } from '#events/ingest-error.ts';
import type { ObjectCreated } from '#events/object-created.ts';
import type { Topic } from '#events/topic.ts';
import { workbookVersion } from '#lib/domain/curve.ts';
import { AurumError, type ErrorDetail, errorLine, refusal } from '#lib/domain/errors.ts';
import { CELL_ROLE_NAMES, type SheetCoverage } from '#lib/domain/vendor.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore, StoredObject } from '#lib/ports/object-store.ts';
import type { ParseOutcome, WorkbookParser } from '#lib/ports/workbook-parser.ts';
import type { ParseReport, RawSource, SheetAccount } from '#schemas/stages.ts';
import { deadLetter } from './dead-letter.ts';
import { toJson, writeOnce } from './json-objects.ts';
import {
  dayOfRawKey,
  parseRawKey,
  refusedKey,
  stagedFailuresKey,
  stagedReportKey,
  stagedRowsKey,
} from './stage-keys.ts';

export interface IngestPorts {
  readonly objects: ObjectStore;
  readonly parser: WorkbookParser;
  readonly bus: EventBus;
  readonly log: IngestLog;
  readonly clock: Clock;
  readonly errorTopic: Topic<IngestError>;
}

export type IngestOutcome =
  | { readonly outcome: 'staged' | 'already'; readonly version: string }
  | { readonly outcome: 'refused'; readonly error: ErrorDetail }
  /** The object changed or went away before it was read; its own event, if any, brings the newer content. */
  | { readonly outcome: 'gone' };

/** Failures listed in the report itself; the rest are in the failures object. */
const FAILURES_IN_REPORT = 1_000;

export async function ingestWorkbook(event: ObjectCreated, ports: IngestPorts): Promise<IngestOutcome> {
  const stored = await ports.objects.get(event.key, {
    ...(event.version_id === undefined ? {} : { version_id: event.version_id }),
    ...(event.etag === undefined ? {} : { etag: event.etag }),
  });
  if (stored === undefined) return { outcome: 'gone' };
  const asof_date = dayOfRawKey(event.key);
  const entry = { source_key: event.key, etag: stored.etag, version: null, vendor: null, asof_date };
  try {
    const place = parseRawKey(event.key);
    const source = rawSource(event, stored);
    const version = workbookVersion(place.source_file, place.asof_date, source.sha256);
    if ((await ports.objects.head(stagedReportKey(version))) !== undefined)
      return { outcome: 'already', version };
    const running = { ...entry, version, asof_date: place.asof_date };
    await ports.log.record({
      ...running,
      stage: 'raw',
      status: 'running',
      detail: `${stored.body.length} bytes`,
      at: ports.clock.now(),
    });
    const parsed = await parse(ports.parser, place, stored.body);
    await stage(version, source, parsed, ports);
    return { outcome: 'staged', version };
  } catch (error) {
    if (!(error instanceof AurumError) || error.kind !== 'refused') throw error;
    return refuse(event, entry, error.detail(), ports);
  }
}

/** A parser that fails on a file fails on it every time: that is a refusal too, so the file never blocks the others. */
async function parse(
  parser: WorkbookParser,
  { asof_date, source_file }: ReturnType<typeof parseRawKey>,
  bytes: Uint8Array,
): Promise<ParseOutcome> {
  try {
    return await parser.parse({ source_file, bytes, expected_asof: asof_date });
  } catch (cause) {
    if (cause instanceof AurumError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = 'The workbook stays in the bucket; report it with this message.';
    throw refusal('workbook_unreadable', `the parser failed: ${reason}`, {
      file: source_file,
      remedy,
      cause,
    });
  }
}

/**
 * The sequencer a store would have given: nanoseconds since 1970 in 16 upper-case hex digits. For uploads whose
 * notification was lost; the listing's time is finer than that of a read.
 */
function sequencerAt(listed_at: string, last_modified: string): string {
  const ms = Date.parse(listed_at) || Date.parse(last_modified);
  return (BigInt(ms) * 1_000_000n).toString(16).toUpperCase().padStart(16, '0');
}

function rawSource(event: ObjectCreated, stored: StoredObject): RawSource {
  if (stored.body.length === 0) {
    throw refusal('workbook_empty', 'the object has no bytes', {
      file: event.key,
      remedy: 'Upload the workbook again.',
    });
  }
  return {
    bucket: event.bucket,
    key: event.key,
    etag: stored.etag,
    version_id: stored.version_id ?? null,
    sequence: event.sequencer ?? sequencerAt(event.event_time, stored.last_modified),
    size: stored.body.length,
    uploaded_at: new Date(stored.last_modified).toISOString(),
    sha256: hash('sha256', stored.body, 'hex'),
  };
}

async function stage(
  version: string,
  source: RawSource,
  parsed: ParseOutcome,
  ports: IngestPorts,
): Promise<void> {
  const { table, failures } = parsed;
  await writeOnce(ports.objects, stagedRowsKey(version), encodeCurveTable(table).bytes);
  const failures_key = failures.length === 0 ? null : stagedFailuresKey(version);
  if (failures_key !== null) {
    await writeOnce(
      ports.objects,
      failures_key,
      failures.map((failure) => `${JSON.stringify(failure)}\n`).join(''),
    );
  }
  const report: ParseReport = {
    version,
    vendor: parsed.vendor,
    asof_date: table.asof_date,
    source_file: table.source_file,
    source,
    rows_key: stagedRowsKey(version),
    row_count: table.length,
    curve_count: new Set(table.series.map((series) => series.curve_key)).size,
    failure_count: failures.length,
    failures: failures.slice(0, FAILURES_IN_REPORT),
    failures_key,
    sheets: parsed.sheets.map((sheet) => sheetAccount(sheet, parsed.coverage)),
    notes: [...parsed.notes],
    parsed_at: ports.clock.now(),
  };
  const entry = {
    source_key: source.key,
    etag: source.etag,
    version,
    vendor: parsed.vendor,
    asof_date: table.asof_date,
  };
  const detail = `${table.length} rows of ${report.curve_count} curves, ${failures.length} failures`;
  await ports.log.record({ ...entry, stage: 'staged', status: 'running', detail, at: report.parsed_at });
  // The report is the trigger of the gate: last, when all it names is durable.
  await writeOnce(ports.objects, stagedReportKey(version), toJson(report));
}

function sheetAccount(
  sheet: ParseOutcome['sheets'][number],
  coverage: readonly SheetCoverage[],
): SheetAccount {
  const account = coverage.find((candidate) => candidate.sheet === sheet.name);
  const roles: Record<string, number> = {};
  for (const role of account?.roles ?? []) {
    const name = CELL_ROLE_NAMES[role]!;
    roles[name] = (roles[name] ?? 0) + 1;
  }
  return {
    ...sheet,
    roles,
    ignored: { ...account?.ignored },
    unaccounted_prices: account?.unaccounted_prices ?? 0,
  };
}

async function refuse(
  event: ObjectCreated,
  entry: Pick<IngestEntry, 'source_key' | 'etag' | 'version' | 'vendor' | 'asof_date'>,
  error: ErrorDetail,
  ports: IngestPorts,
): Promise<IngestOutcome> {
  const id = hash('sha256', `${event.key}|${entry.etag}`, 'hex');
  const failed_at = ports.clock.now();
  await writeOnce(
    ports.objects,
    refusedKey(id),
    toJson({ ...error, source: event.key, etag: entry.etag, failed_at }),
  );
  await deadLetter('parse-workbook', { ...event, etag: entry.etag }, error, ports);
  await ports.log.record({
    ...entry,
    stage: 'refused',
    status: 'red',
    detail: errorLine(error),
    at: failed_at,
  });
  return { outcome: 'refused', error };
}
