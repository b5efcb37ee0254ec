/**
 * The rows of `market.curve_release`, read from manifests alone: a release is one file of one row, so the lower bounds of
 * its columns are the row. A release list costs one small object per new commit instead of one Parquet file per release
 * ever made, cold or warm, on every catalog. Knows no catalog and no store.
 */
import { AurumError } from '#lib/domain/errors.ts';
import { type Field, RELEASE_FIELDS, type Stored } from '#lib/parquet/fields.ts';
import { type CurveRelease, curveRelease } from '#schemas/lake.ts';
import type { ReadObject } from './append.ts';
import { type DataFile, decodeManifest, decodeManifestList, type ManifestFile } from './manifest.ts';
import { currentSnapshot, type TableMetadata } from './metadata.ts';
import { fromBinary } from './values.ts';

export interface SequencedRelease {
  readonly sequence: bigint;
  readonly release: CurveRelease;
}

export type ReadReleases = (manifest: ManifestFile) => Promise<readonly SequencedRelease[]>;

/** Oldest commit first. `ofManifest` may remember: manifests never change. */
export async function releasesOf(
  metadata: TableMetadata,
  read: ReadObject,
  ofManifest: ReadReleases,
): Promise<readonly CurveRelease[]> {
  const snapshot = currentSnapshot(metadata);
  if (snapshot === undefined) return [];
  const manifests = decodeManifestList(await read(snapshot['manifest-list']));
  const found = await Promise.all(manifests.filter((each) => each.content === 0).map(ofManifest));
  return found
    .flat()
    .sort((a, b) => (a.sequence < b.sequence ? -1 : Number(a.sequence > b.sequence)))
    .map(({ release }) => release);
}

export async function releasesOfManifest(
  manifest: ManifestFile,
  read: ReadObject,
): Promise<readonly SequencedRelease[]> {
  return decodeManifest(await read(manifest.manifest_path), manifest).map((entry) => ({
    sequence: entry.sequence_number ?? manifest.sequence_number,
    release: releaseOf(entry.data_file),
  }));
}

function releaseOf(file: DataFile): CurveRelease {
  const bounds = new Map((file.lower_bounds ?? []).map(({ key, value }) => [key, value]));
  const row = Object.fromEntries(
    RELEASE_FIELDS.map((field) => [field.name, plain(field, bounds.get(field.id))]),
  );
  const parsed = curveRelease.safeParse(row);
  if (file.record_count === 1n && parsed.success) return parsed.data;
  throw new AurumError(
    'fault',
    'release_file_rewritten',
    `${file.file_path} is not one release with its bounds`,
    {
      cause: parsed.error,
      remedy: 'Leave market.curve_release out of compaction; roll the table back to the snapshot before it.',
    },
  );
}

/** A stored value as the row has it: dates and times as text, counts as numbers. */
function plain({ type }: Field, bytes: Buffer | undefined): string | number | boolean | null {
  if (bytes === undefined) return null;
  const value: Stored = fromBinary(type, bytes);
  if (type === 'date') return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  if (type === 'timestamptz') return new Date(Number(BigInt(value) / 1000n)).toISOString();
  return typeof value === 'bigint' ? Number(value) : value;
}
