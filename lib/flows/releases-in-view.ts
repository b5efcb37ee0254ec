/**
 * Which releases a question sees. A slot is (vendor, as-of day); its current version is the one uploaded last, whenever
 * it was released, so a late straggler never replaces a newer correction.
 */
import type { CurveRelease } from '#schemas/lake.ts';

/** The current release of every slot, as known at `as_known_at` (inclusive) or now. */
export function currentReleases(releases: readonly CurveRelease[], as_known_at?: string): CurveRelease[] {
  const slots = new Map<string, CurveRelease>();
  for (const release of releases) {
    if (as_known_at !== undefined && release.known_at > as_known_at) continue;
    const slot = `${release.vendor}|${release.asof_date}`;
    const held = slots.get(slot);
    if (held === undefined || uploadedAfter(release, held)) slots.set(slot, release);
  }
  return [...slots.values()];
}

function uploadedAfter(release: CurveRelease, held: CurveRelease): boolean {
  return release.sequence === held.sequence
    ? release.version > held.version
    : release.sequence > held.sequence;
}
