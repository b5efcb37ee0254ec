/**
 * Iceberg tables with a catalog of objects beside them: `refs/{branch}.json` points to a commit, a commit (immutable)
 * names the metadata of every table. A commit writes all it needs first and then moves one pointer conditionally, so a
 * reader sees all tables before or all after. Needs an object store only; knows nothing of who queries the tables.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CommitRequest, RefHead, StagedFile, Tables } from '#lib/ports/tables.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import {
  checkedRecord,
  checkedRefName,
  contentId,
  createOnce,
  createPointer,
  createRecord,
  listPointers,
  movePointer,
  readPointer,
  readRecord,
} from '../pointer.ts';
import { type AppendPlan, planAppend } from './iceberg/append.ts';
import { printJson } from './iceberg/json.ts';
import { newTable, parseMetadata, type TableMetadata, withSnapshot } from './iceberg/metadata.ts';
import {
  type ReadReleases,
  releasesOf,
  releasesOfManifest,
  type SequencedRelease,
} from './iceberg/releases.ts';
import { TABLE_NAMES, type TableName, tableFolder } from './iceberg/schema.ts';
import { dataFiles, stagedDataFile } from './iceberg/stage.ts';

export interface LocalTablesOptions {
  readonly objects: ObjectStore;
  readonly bucket: string;
  /** Folder of the tables; each lies in `{warehouse_prefix}/market/{table}`. */
  readonly warehouse_prefix?: string;
  /** Folder of refs, tags and commits. */
  readonly catalog_prefix?: string;
  /** Location that the metadata gives to the object with key ""; `s3://{bucket}` unless the bucket is read as a folder. */
  readonly location_root?: string;
}

const catalogCommit = z.strictObject({
  parent: z.string().nullable(),
  committed_at: utcTimestamp,
  /** Metadata location of every table that has rows. */
  tables: z.partialRecord(z.enum(TABLE_NAMES as [TableName, ...TableName[]]), z.string()),
  summary: z.record(z.string(), z.string()),
});
type CatalogCommit = z.infer<typeof catalogCommit>;

/** `main` before the first release; never stored. */
const EMPTY: CatalogCommit = {
  parent: null,
  committed_at: '1970-01-01T00:00:00.000Z',
  tables: {},
  summary: {},
};
const EMPTY_ID = contentId(EMPTY);

interface Catalog {
  readonly objects: ObjectStore;
  readonly root: string;
  readonly warehouse: string;
  readonly refs: string;
  readonly tags: string;
  readonly commits: string;
  readonly known: Known;
}

/** What was read and parsed already, all of it immutable: by commit id, by location of metadata or manifest. */
interface Known {
  readonly commits: LRUCache<string, CatalogCommit>;
  readonly metadata: LRUCache<string, TableMetadata>;
  readonly releases: LRUCache<string, readonly CurveRelease[]>;
  readonly manifests: LRUCache<string, readonly SequencedRelease[]>;
}

export function localTables(options: LocalTablesOptions): Tables {
  const warehouse = options.warehouse_prefix ?? 'curated/iceberg';
  const folder = options.catalog_prefix ?? 'catalog';
  const catalog: Catalog = {
    objects: options.objects,
    root: options.location_root ?? `s3://${options.bucket}`,
    warehouse,
    refs: `${folder}/refs/`,
    tags: `${folder}/tags/`,
    commits: `${folder}/commits/`,
    known: {
      commits: new LRUCache({ max: 200 }),
      metadata: new LRUCache({ max: 12 }),
      releases: new LRUCache({ max: 8 }),
      manifests: new LRUCache({ max: 2_000 }),
    },
  };
  const inTurn = inTurns();
  return {
    ...dataFiles(options.objects, warehouse),
    head: (ref) => head(catalog, ref),
    commit: (request) => inTurn(request.base.ref, () => commit(catalog, request)),
    fastForward: (branch, base) => fastForward(catalog, branch, base),
    async tag(id, commitId) {
      await readCommit(catalog, commitId);
      return createPointer(catalog.objects, `${catalog.tags}${checkedRefName(id)}.json`, commitId);
    },
    async tags(prefix) {
      const found = await listPointers(catalog.objects, catalog.tags, prefix);
      return found.map(({ name, commit }) => ({ ref: name, commit }));
    },
    releases: (at) => releases(catalog, at),
  };
}

async function head(catalog: Catalog, ref: string): Promise<RefHead | undefined> {
  const name = checkedRefName(ref);
  const found =
    (await readPointer(catalog.objects, `${catalog.refs}${name}.json`)) ??
    (await readPointer(catalog.objects, `${catalog.tags}${name}.json`));
  if (found !== undefined) return { ref, commit: found.commit };
  return ref === 'main' ? { ref, commit: EMPTY_ID } : undefined;
}

async function commit(
  catalog: Catalog,
  request: CommitRequest,
): Promise<{ outcome: 'committed'; head: RefHead } | { outcome: 'conflict' }> {
  const branchKey = `${catalog.refs}${checkedRefName(request.branch)}.json`;
  const [branch, main] = await Promise.all([
    readPointer(catalog.objects, branchKey),
    head(catalog, request.base.ref),
  ]);
  // A base that has moved on would be refused at the end; here it costs nothing yet.
  if (main?.commit !== request.base.commit) return { outcome: 'conflict' };

  const base = await readCommit(catalog, request.base.commit);
  const draft = checkedRecord(catalogCommit, `commit on ${request.branch}`, {
    parent: request.base.commit,
    committed_at: request.committed_at,
    tables: base.tables,
    summary: request.summary,
  });
  const seed = contentId({ ...request, files: request.files.map((file) => file.key) });
  const tables = { ...base.tables };
  await Promise.all(
    [...new Set(request.files.map((file) => file.table))].map(async (table) => {
      tables[table] = await append(catalog, table, base.tables[table], request, seed);
    }),
  );
  const content: CatalogCommit = { ...draft, tables };
  const id = contentId(content);
  await createRecord(catalog.objects, commitKey(catalog, id), content);
  catalog.known.commits.set(id, content);
  const moved = await movePointer(catalog.objects, branchKey, branch, id);
  return moved
    ? { outcome: 'committed', head: { ref: request.branch, commit: id } }
    : { outcome: 'conflict' };
}

/** Writes a table's next metadata and all it names; returns its location. Nobody sees it before a commit names it. */
async function append(
  catalog: Catalog,
  table: TableName,
  base: string | undefined,
  request: CommitRequest,
  seed: string,
): Promise<string> {
  const { committed_at, summary } = request;
  const metadata =
    base === undefined
      ? newTable(table, `${catalog.root}/${tableFolder(catalog.warehouse, table)}`)
      : await readMetadata(catalog, base);
  const files = request.files
    .filter((file: StagedFile) => file.table === table)
    .map((file) => stagedDataFile(file, catalog.root));
  const plan: AppendPlan = await planAppend(
    { table, metadata, files, summary, seed, committed_at },
    (location) => readLocation(catalog, location),
  );
  const next = withSnapshot(metadata, plan.snapshot, base);
  const number = String(plan.snapshot['sequence-number']).padStart(5, '0');
  const location = `${metadata.location}/metadata/${number}-${plan.uuid}.metadata.json`;
  const objects = [...plan.objects, { location, bytes: Buffer.from(printJson(next)) }];
  await Promise.all(
    objects.map((each) => createOnce(catalog.objects, keyOf(catalog, each.location), each.bytes)),
  );
  catalog.known.metadata.set(location, next);
  return location;
}

async function fastForward(catalog: Catalog, branch: RefHead, base: RefHead): Promise<'moved' | 'conflict'> {
  const key = `${catalog.refs}main.json`;
  const main = await readPointer(catalog.objects, key);
  const at = main?.commit ?? EMPTY_ID;
  // Asked again after an answer that was lost.
  if (at === branch.commit) return 'moved';
  const { parent } = await readCommit(catalog, branch.commit);
  if (at !== base.commit || parent !== base.commit) return 'conflict';
  return (await movePointer(catalog.objects, key, main, branch.commit)) ? 'moved' : 'conflict';
}

async function releases(catalog: Catalog, of: string | RefHead): Promise<readonly CurveRelease[]> {
  const at = typeof of === 'string' ? await head(catalog, of) : of;
  if (at === undefined)
    throw refusal('ref_unknown', `There is no branch or tag "${of}"`, {
      remedy: 'Use "main" or a release tag.',
    });
  const location = (await readCommit(catalog, at.commit)).tables['market.curve_release'];
  if (location === undefined) return [];
  const read = (from: string) => readLocation(catalog, from);
  const ofManifest: ReadReleases = (manifest) =>
    once(catalog.known.manifests, manifest.manifest_path, () => releasesOfManifest(manifest, read));
  return once(catalog.known.releases, location, async () =>
    releasesOf(await readMetadata(catalog, location), read, ofManifest),
  );
}

function readMetadata(catalog: Catalog, location: string): Promise<TableMetadata> {
  return once(catalog.known.metadata, location, async () =>
    parseMetadata(await readLocation(catalog, location)),
  );
}

async function readCommit(catalog: Catalog, id: string): Promise<CatalogCommit> {
  if (id === EMPTY_ID) return EMPTY;
  return once(catalog.known.commits, id, async () => {
    const stored = await readRecord(catalog.objects, commitKey(catalog, id), catalogCommit);
    if (stored !== undefined) return stored;
    throw refusal('commit_unknown', `There is no table commit "${id}"`, {
      remedy: 'Take it from a branch or tag.',
    });
  });
}

async function readLocation(catalog: Catalog, location: string): Promise<Uint8Array> {
  const stored = await catalog.objects.get(keyOf(catalog, location));
  if (stored !== undefined) return stored.body;
  throw new AurumError(
    'fault',
    'table_object_missing',
    `${location} is named by a table and does not exist`,
    {
      remedy: "Restore it from the bucket's versions.",
    },
  );
}

/** Immutable things are read and parsed once while they are remembered. */
async function once<Value extends object>(
  known: LRUCache<string, Value>,
  name: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const value = known.get(name) ?? (await make());
  known.set(name, value);
  return value;
}

function keyOf(catalog: Catalog, location: string): string {
  if (location.startsWith(`${catalog.root}/`)) return location.slice(catalog.root.length + 1);
  throw new AurumError('fault', 'table_outside_bucket', `${location} is not below ${catalog.root}`, {
    remedy: 'Set the bucket that the tables were made in, or move the tables back.',
  });
}

function commitKey(catalog: Catalog, id: string): string {
  return `${catalog.commits}${id}.json`;
}
