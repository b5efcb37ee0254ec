/** Released version -> operational database: its instruments, and the vendor's watermark at the as-of day. */
import { busy } from '#lib/domain/errors.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Operations } from '#lib/ports/operations.ts';
import { requireJson } from './json-objects.ts';
import { releasedWorkbook } from './release-curves.ts';
import { releasedKey, stagedRowsKey } from './stage-keys.ts';

export interface DescribePorts {
  readonly objects: ObjectStore;
  readonly operations: Operations;
}

export async function describeRelease(version: string, ports: DescribePorts): Promise<number> {
  const { release } = await requireJson(ports.objects, releasedKey(version), releasedWorkbook);
  const stored = await ports.objects.get(stagedRowsKey(version));
  if (stored === undefined)
    throw busy('stage_object_missing', `${stagedRowsKey(version)} is not in the store`);
  const { series } = decodeCurveTable(stored.body);
  const instruments = [...new Map(series.map((one) => [one.curve_key, one])).values()];
  await ports.operations.recordInstruments(instruments);
  await ports.operations.advanceWatermark(
    `vendor_${release.vendor}`,
    'asof_date',
    `${release.asof_date}T00:00:00.000Z`,
  );
  return instruments.length;
}
