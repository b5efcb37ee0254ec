/**
 * Which releases a question sees. A slot is (vendor, as-of day); its current version is the one uploaded last, whenever
 * it was released, so a late straggler never replaces a newer correction.
 */
import type { CurveRelease } from '#schemas/lake.ts';

type Uploaded = Pick<CurveRelease, 'sequence' | 'version'>;

/** The current release of every slot, as known at `as_known_at` (inclusive) or now. */
export function currentReleases(releases: readonly CurveRelease[], as_known_at?: string): CurveRelease[] {
  const slots = new Map<string, CurveRelease>();
  for (const release of releases) {
    if (as_known_at !== undefined && release.known_at > as_known_at) continue;
    const slot = `${release.vendor}|${release.asof_date}`;
    const held = slots.get(slot);
    if (held === undefined || isUploadedAfter(release, held)) slots.set(slot, release);
  }
  return [...slots.values()];
}

/** The order of a slot: by upload, whenever it was released. */
export function isUploadedAfter(release: Uploaded, held: Uploaded): boolean {
  return release.sequence === held.sequence
    ? release.version > held.version
    : release.sequence > held.sequence;
}

/** The current version of the release's slot when it is another one; null when the release is current. */
export function supersededBy(release: CurveRelease, releases: readonly CurveRelease[]): string | null {
  const { vendor, asof_date, version } = release;
  const slot = releases.filter((other) => other.vendor === vendor && other.asof_date === asof_date);
  const current = currentReleases(slot)[0]?.version ?? version;
  return current === version ? null : current;
}

/** The instant the newest release is known from: an answer as of it stays as it is. */
export function newestKnown(releases: readonly CurveRelease[]): string {
  return releases.reduce(
    (latest, { known_at }) => (known_at > latest ? known_at : latest),
    '1970-01-01T00:00:00.000Z',
  );
}

/** What answers say of a release. */
export type ReleaseMeta = Pick<CurveRelease, 'vendor' | 'asof_date' | 'version' | 'known_at' | 'lake_commit'>;

export function releaseMetaOf(release: CurveRelease): ReleaseMeta {
  const { vendor, asof_date, version, known_at, lake_commit } = release;
  return { vendor, asof_date, version, known_at, lake_commit };
}
