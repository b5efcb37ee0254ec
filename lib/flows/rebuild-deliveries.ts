/**
 * What the stages left of each delivery: counted, and told to the operational database. A stage that is recorded already
 * stays as it is.
 */
import { z } from 'zod';
import { errorLine } from '#lib/domain/errors.ts';
import type { IngestEntry } from '#lib/ports/ingest-log.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import { gateResult, type ParseReport, parseReport } from '#schemas/stages.ts';
import { describeRelease } from './describe-release.ts';
import { readJson, requireJson } from './json-objects.ts';
import { publishWorkbook } from './publish-curves.ts';
import { attempt, type RebuildPorts, type RebuildScope, type Run } from './rebuild-steps.ts';
import { releasedRecord } from './release-curves.ts';
import { dayOfRawKey, gateResultKey, stagedReportKey } from './stage-keys.ts';

/** A workbook version that the stages have seen. */
export interface Delivery {
  readonly version: string;
  readonly uploaded_at: string;
  readonly sequence: string;
  readonly source_file: string;
  readonly asof_date: string;
  readonly source_sha256: string;
}

const refusedWorkbook = z.looseObject({
  source: z.string(),
  etag: z.string(),
  failed_at: utcTimestamp,
  code: z.string(),
  message: z.string(),
});

export async function keysBelow(objects: ObjectStore, prefix: string, suffix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(prefix)) if (key.endsWith(suffix)) keys.push(key);
  return keys;
}

export async function deliveries(objects: ObjectStore): Promise<Delivery[]> {
  const found: Delivery[] = [];
  for (const key of await keysBelow(objects, 'staged/', '/report.json')) {
    const { version, source, source_file, asof_date } = await requireJson(objects, key, parseReport);
    const { uploaded_at, sequence, sha256: source_sha256 } = source;
    found.push({ version, uploaded_at, sequence, source_file, asof_date, source_sha256 });
  }
  return inOrder(found, new Map());
}

/** As it was: a release at the instant it is known from, anything else at its upload. */
export function inOrder(staged: readonly Delivery[], instants: ReadonlyMap<string, string>): Delivery[] {
  const at = ({ version, uploaded_at }: Delivery) => Date.parse(instants.get(version) ?? uploaded_at);
  return staged.toSorted(
    (a, b) => at(a) - at(b) || (a.sequence === b.sequence ? 0 : a.sequence < b.sequence ? -1 : 1),
  );
}

interface Standing {
  /** `key|etag` of every upload that ended on main, in quarantine or refused. */
  readonly settled: ReadonlySet<string>;
  readonly red: number;
  readonly refused: number;
}

/** Goes over what the stages left: counts it, and tells the operational database unless only tables are wanted. */
export async function settle(scope: RebuildScope, run: Run): Promise<Standing> {
  const { ports, tell } = run;
  const settled = new Set<string>();
  const onMain = new Set((await ports.tables.releases('main')).map(({ version }) => version));
  const staged = await deliveries(ports.objects);
  let red = 0;
  for (const [index, { version }] of staged.entries()) {
    if (scope !== 'tables') tell(`recording ${index + 1} of ${staged.length}: ${version}`);
    const report = await requireJson(ports.objects, stagedReportKey(version), parseReport);
    const gate = await readJson(ports.objects, gateResultKey(version), gateResult);
    if (gate?.verdict === 'red' && !onMain.has(version)) red += 1;
    if (gate?.verdict === 'red' || onMain.has(version))
      settled.add(`${report.source.key}|${report.source.etag}`);
    if (scope !== 'tables')
      await attempt(run, version, () => recordDelivery(report, scope, onMain.has(version), ports));
  }
  const refusals = await keysBelow(ports.objects, 'refused/', '.json');
  for (const key of refusals) {
    const { source, etag, failed_at, ...error } = await requireJson(ports.objects, key, refusedWorkbook);
    settled.add(`${source}|${etag}`);
    if (scope === 'tables') continue;
    await ports.log.record({
      source_key: source,
      etag,
      version: null,
      vendor: null,
      asof_date: dayOfRawKey(source),
      stage: 'refused',
      status: 'red',
      detail: errorLine(error),
      at: failed_at,
    });
  }
  return { settled, red, refused: refusals.length };
}

/** The stages of one delivery as they recorded them; a stage that is recorded already stays as it is. */
async function recordDelivery(
  report: ParseReport,
  scope: RebuildScope,
  isReleased: boolean,
  ports: RebuildPorts,
): Promise<void> {
  const { version, source, row_count, curve_count, failure_count } = report;
  const raw = {
    source_key: source.key,
    etag: source.etag,
    version,
    vendor: null,
    asof_date: report.asof_date,
  };
  const of = { ...raw, vendor: report.vendor };
  const gate = await readJson(ports.objects, gateResultKey(version), gateResult);
  const record = isReleased ? await releasedRecord(ports.objects, version) : undefined;
  const entries: IngestEntry[] = [
    { ...raw, stage: 'raw', status: 'running', detail: `${source.size} bytes`, at: source.uploaded_at },
    {
      ...of,
      stage: 'staged',
      status: 'running',
      detail: `${row_count} rows of ${curve_count} curves, ${failure_count} failures`,
      at: report.parsed_at,
    },
  ];
  if (gate !== undefined) {
    const [stage, status] =
      gate.verdict === 'green' ? (['gated', 'running'] as const) : (['quarantined', 'red'] as const);
    entries.push({ ...of, stage, status, detail: gate.summary, at: gate.checked_at });
  }
  if (record !== undefined) {
    const { release, tag } = record;
    const detail = `${release.row_count} rows on main${tag === null ? '' : `, ${tag}`}`;
    entries.push({ ...of, stage: 'released', status: 'running', detail, at: release.known_at });
  }
  for (const entry of entries) await ports.log.record(entry);
  if (record === undefined) return;
  // After a replay it is published and recorded already.
  if (scope === 'operational') await publishWorkbook(version, ports);
  await describeRelease(version, ports);
}
