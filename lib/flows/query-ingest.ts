/** What arrived and where it stands, and what waits in quarantine with its reasons. */
import { refusal } from '#lib/domain/errors.ts';
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { IngestQuery, QuarantineListQuery } from '#schemas/ingest-query.ts';
import { type GateResult, gateResult } from '#schemas/stages.ts';
import { requireJson } from './json-objects.ts';
import { quarantined } from './run-gate.ts';

interface Listing<Row> {
  readonly meta: { readonly count: number };
  readonly data: readonly Row[];
}

const listing = <Row>(data: readonly Row[]): Listing<Row> => ({ meta: { count: data.length }, data });

export async function queryIngest(
  query: IngestQuery,
  { log }: { log: IngestLog },
): Promise<Listing<IngestEntry & { file: string }>> {
  const filter = {
    ...(query.key === undefined ? {} : { source_key: query.key }),
    ...(query.asof === undefined ? {} : { asof_date: query.asof }),
    limit: query.limit,
  };
  const entries = await log.latest(filter);
  return listing(
    entries.map((entry) => ({
      ...entry,
      file: entry.source_key.slice(entry.source_key.lastIndexOf('/') + 1),
    })),
  );
}

export interface QuarantineEntry {
  readonly version: string;
  readonly vendor: string;
  readonly asof_date: string;
  readonly source_file: string;
  readonly summary: string;
  readonly failure_count: number;
  readonly checked_at: string;
}

/** Newest first. */
export async function listQuarantine(
  query: QuarantineListQuery,
  { objects }: { objects: ObjectStore },
): Promise<Listing<QuarantineEntry>> {
  const entries: QuarantineEntry[] = [];
  for await (const { key } of objects.list('quarantine/')) {
    if (!key.endsWith('/result.json')) continue;
    const { version, summary, checked_at, report } = await requireJson(objects, key, gateResult);
    const { vendor, asof_date, source_file, failure_count } = report;
    if (query.asof !== undefined && query.asof !== asof_date) continue;
    entries.push({ version, vendor, asof_date, source_file, summary, failure_count, checked_at });
  }
  return listing(entries.sort((a, b) => (a.checked_at < b.checked_at ? 1 : -1)));
}

export async function showQuarantined(
  { version }: { version: string },
  { objects }: { objects: ObjectStore },
): Promise<{ meta: { version: string }; data: GateResult }> {
  const data = await quarantined(objects, version);
  if (data === undefined) {
    throw refusal('quarantine_not_found', `no workbook version ${version} is in quarantine`, {
      field: 'version',
      remedy: 'GET /v1/quarantine lists what is.',
    });
  }
  return { meta: { version }, data };
}
