/** Released version -> `aurum.curve.observation.v1`, one record per row version: the version is the batch's marker. */
import type { Topic } from '#events/topic.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import { busy } from '#lib/domain/errors.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { gateResult } from '#schemas/stages.ts';
import { requireJson } from './json-objects.ts';
import { releasedWorkbook } from './release-curves.ts';
import { gateResultKey, releasedKey } from './stage-keys.ts';

export interface PublishPorts {
  readonly objects: ObjectStore;
  readonly bus: EventBus;
  readonly log: IngestLog;
  readonly clock: Clock;
  readonly curveTopic: Topic<CurveObservation>;
}

export async function publishWorkbook(
  version: string,
  ports: PublishPorts,
): Promise<'published' | 'already'> {
  const { release } = await requireJson(ports.objects, releasedKey(version), releasedWorkbook);
  const { report } = await requireJson(ports.objects, gateResultKey(version), gateResult);
  const stored = await ports.objects.get(report.rows_key);
  if (stored === undefined) throw busy('stage_object_missing', `${report.rows_key} is not in the store`);
  const rows = rowsOf(decodeCurveTable(stored.body), release.known_at);
  const outcome = await ports.bus.publish(ports.curveTopic, version, rows);
  const { vendor, asof_date, source } = report;
  const detail = `${release.row_count} rows served and published`;
  const entry = { source_key: source.key, etag: source.etag, version, vendor, asof_date, detail };
  await ports.log.record({ ...entry, stage: 'published', status: 'done', at: ports.clock.now() });
  return outcome;
}
