/** What arrived and where it stands, and what waits in quarantine with its reasons. */
import type { z } from 'zod';
import { standingOf, stateOf } from '#lib/domain/four-eyes.ts';
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { quarantineListAnswer, quarantineShowAnswer } from '#schemas/ingest-answer.ts';
import type { IngestQuery, QuarantineListQuery } from '#schemas/ingest-query.ts';
import { type DecidePorts, heldWorkbook } from './decide-quarantine.ts';
import { holdOf } from './decisions.ts';
import { versionOfKey } from './stage-keys.ts';
import { standingGate } from './standing-gate.ts';

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

type QuarantineList = z.infer<typeof quarantineListAnswer>;

/** Newest first. */
export async function listQuarantine(
  query: QuarantineListQuery,
  { objects }: { objects: ObjectStore },
): Promise<QuarantineList> {
  const entries: QuarantineList['data'] = [];
  for await (const { key } of objects.list('quarantine/')) {
    if (!key.endsWith('/result.json')) continue;
    const hold = await holdOf(objects, versionOfKey(key));
    if (hold === undefined) continue;
    const { version, summary, checked_at, report } = hold.gate;
    const { vendor, asof_date, source_file, failure_count } = report;
    const state = stateOf(hold);
    if (query.asof !== undefined && query.asof !== asof_date) continue;
    if (query.state !== undefined && query.state !== state) continue;
    entries.push({ version, vendor, asof_date, source_file, summary, failure_count, checked_at, state });
  }
  const data = entries.sort((a, b) => (a.checked_at < b.checked_at ? 1 : -1));
  return { meta: { count: data.length }, data };
}

/** The result that stands, with the way out of quarantine. */
export async function showQuarantined(
  { version }: { version: string },
  ports: Pick<DecidePorts, 'objects' | 'audit'>,
): Promise<z.infer<typeof quarantineShowAnswer>> {
  const hold = await heldWorkbook(version, ports);
  const standing = await standingGate(ports.objects, version);
  return { meta: { version }, data: { ...standing!.gate, standing: standingOf(hold) } };
}
