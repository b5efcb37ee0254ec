/** One figure for all that main serves: equal digests mean equal rows, bit for bit, and equal answers. Changes nothing. */
import { createHash } from 'node:crypto';
import { type CurveTable, rowAt } from '#lib/domain/curve.ts';
import { AurumError } from '#lib/domain/errors.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { rowText } from './verify-log.ts';

export interface MainDigest {
  readonly releases: number;
  readonly rows: number;
  /** Over every row but the instant it was released, and which version of a slot is current. */
  readonly content: string;
  /** Over the instants the releases are known from. */
  readonly instants: string;
}

/**
 * Reads one data file at a time.
 * @throws AurumError (fault) `data_file_missing`.
 */
export async function digest(ports: {
  readonly objects: ObjectStore;
  readonly tables: Tables;
}): Promise<MainDigest> {
  const content = createHash('sha256');
  const instants = createHash('sha256');
  const releases = (await ports.tables.releases('main')).toSorted(bySlot);
  let rows = 0;
  for (const { vendor, asof_date, version, known_at, data_file } of releases) {
    const stored = await ports.objects.get(data_file);
    if (stored === undefined) {
      const remedy = 'Restore the object, or rebuild the tables.';
      throw new AurumError('fault', 'data_file_missing', `${data_file} is not in the store`, { remedy });
    }
    const table = decodeCurveTable(stored.body);
    content.update(`${vendor}|${asof_date}|${version}|${table.length}\n`);
    addRows(content, table);
    instants.update(`${version}|${known_at}\n`);
    rows += table.length;
  }
  return {
    releases: releases.length,
    rows,
    content: content.digest('hex'),
    instants: instants.digest('hex'),
  };
}

/** By slot, and in a slot as uploaded: the last one is current. */
function bySlot(a: CurveRelease, b: CurveRelease): number {
  const [left, right] = [a, b].map(({ vendor, asof_date, sequence, version }) =>
    [vendor, asof_date, sequence, version].join('|'),
  ) as [string, string];
  return left < right ? -1 : 1;
}

function addRows(content: ReturnType<typeof createHash>, table: CurveTable): void {
  for (let row = 0; row < table.length; row++) content.update(rowText(rowAt(table, row, '')));
}
