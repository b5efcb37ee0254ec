/**
 * Which releases a question sees. A slot is (vendor, as-of day); its current version is the one uploaded last, whenever
 * it was released, so a late straggler never replaces a newer correction.
 */
import { type Caller, seesVendor } from '#lib/domain/access.ts';
import { normalisedIdentityPart } from '#lib/domain/curve.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveRelease } from '#schemas/lake.ts';

type Uploaded = Pick<CurveRelease, 'sequence' | 'version'>;

/** Found out once for a list, which stays the same object until something is committed. */
interface Standing {
  readonly newest: string;
  readonly current: readonly CurveRelease[];
  /** What a caller sees, by the vendors of the list that are theirs. */
  readonly seen: Map<string, readonly CurveRelease[]>;
}

const STANDINGS = new WeakMap<readonly CurveRelease[], Standing>();

function standingOf(releases: readonly CurveRelease[]): Standing {
  const known = STANDINGS.get(releases);
  if (known !== undefined) return known;
  const newest = releases.reduce((latest, { known_at }) => (known_at > latest ? known_at : latest), EPOCH);
  const standing = { newest, current: newestUploads(releases), seen: new Map() };
  STANDINGS.set(releases, standing);
  return standing;
}

const EPOCH = '1970-01-01T00:00:00.000Z';

/** Released, of the vendors that are the caller's: others are not there for them. */
export async function releasesSeen(
  tables: Pick<Tables, 'releases'>,
  caller: Pick<Caller, 'entitlements'>,
): Promise<readonly CurveRelease[]> {
  const all = await tables.releases('main');
  if (caller.entitlements === 'all') return all;
  const { current, seen } = standingOf(all);
  const vendors = new Set(current.map(({ vendor }) => vendor).filter((vendor) => seesVendor(caller, vendor)));
  const name = [...vendors].sort().join();
  const held = seen.get(name) ?? all.filter(({ vendor }) => vendors.has(vendor));
  seen.set(name, held);
  return held;
}

/** Of the vendor a question names, in any case; of all where it names none. */
export function isOfVendor(named: string | undefined): (release: Pick<CurveRelease, 'vendor'>) => boolean {
  const wanted = named === undefined ? undefined : normalisedIdentityPart(named);
  return ({ vendor }) => wanted === undefined || vendor === wanted;
}

/** The current release of every slot, as known at `as_known_at` (inclusive) or now. */
export function currentReleases(
  releases: readonly CurveRelease[],
  as_known_at?: string,
): readonly CurveRelease[] {
  const { newest, current } = standingOf(releases);
  if (as_known_at === undefined || as_known_at >= newest) return current;
  return newestUploads(releases.filter(({ known_at }) => known_at <= as_known_at));
}

function newestUploads(releases: readonly CurveRelease[]): readonly CurveRelease[] {
  const slots = new Map<string, CurveRelease>();
  for (const release of releases) {
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
export const newestKnown = (releases: readonly CurveRelease[]): string => standingOf(releases).newest;

/** What answers say of a release. */
export type ReleaseMeta = Pick<CurveRelease, 'vendor' | 'asof_date' | 'version' | 'known_at' | 'lake_commit'>;

export function releaseMetaOf(release: CurveRelease): ReleaseMeta {
  const { vendor, asof_date, version, known_at, lake_commit } = release;
  return { vendor, asof_date, version, known_at, lake_commit };
}
