/**
 * Iceberg tables in Nessie: our writer makes data files, manifests and snapshots as for the local catalog; Nessie commits
 * all tables of a release at once over the Iceberg REST protocol, and moves `main` by compare and swap. Tables that are
 * not there are created by the first commit that needs them. Knows nothing of who queries the tables.
 */
import { LRUCache } from 'lru-cache';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CommitRequest, RefHead, Tables } from '#lib/ports/tables.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { checkedRecord, checkedRefName, contentId, createOnce } from '../pointer.ts';
import { type AppendPlan, planAppend } from './iceberg/append.ts';
import { newTable, parseMetadata, type TableMetadata } from './iceberg/metadata.ts';
import {
  type ReadReleases,
  releasesOf,
  releasesOfManifest,
  type SequencedRelease,
} from './iceberg/releases.ts';
import { layoutOf, type TableName, tableFolder } from './iceberg/schema.ts';
import { dataFiles, stagedDataFile } from './iceberg/stage.ts';
import {
  type ContentsAt,
  checkedNessieName,
  commitUnknown,
  type NessieClient,
  type NessieClientOptions,
  nessieClient,
} from './nessie-client.ts';

export interface NessieTablesOptions extends NessieClientOptions {
  /** The bucket that Nessie's warehouse lies in. */
  readonly objects: ObjectStore;
  readonly bucket: string;
  /** Folder of the tables; data files lie in `{warehouse_prefix}/market/{table}/data`. */
  readonly warehouse_prefix?: string;
  /** Location that the metadata gives to the object with key ""; `s3://{bucket}` when left out. */
  readonly location_root?: string;
  /** Put before every branch and tag, so that several installations may share a Nessie; '' when left out. */
  readonly ref_prefix?: string;
}

const NAMESPACE = 'market';
const RELEASES: TableName = 'market.curve_release';

interface Catalog {
  readonly nessie: NessieClient;
  readonly objects: ObjectStore;
  readonly bucket: string;
  readonly root: string;
  /** Folder of the tables. */
  readonly warehouse: string;
  readonly ref_prefix: string;
  readonly known: Known;
}

/** What was read and parsed already, all of it immutable: by commit, by location of metadata or manifest. */
interface Known {
  /** Location of the release table's metadata; '' where the commit has no such table. */
  readonly commits: LRUCache<string, string>;
  readonly metadata: LRUCache<string, TableMetadata>;
  readonly releases: LRUCache<string, readonly CurveRelease[]>;
  readonly manifests: LRUCache<string, readonly SequencedRelease[]>;
}

export function nessieTables(options: NessieTablesOptions): Tables {
  const warehouse = options.warehouse_prefix ?? 'curated/iceberg';
  const catalog: Catalog = {
    nessie: nessieClient(options),
    objects: options.objects,
    bucket: options.bucket,
    root: options.location_root ?? `s3://${options.bucket}`,
    warehouse,
    ref_prefix: options.ref_prefix ?? '',
    known: {
      commits: new LRUCache({ max: 200 }),
      metadata: new LRUCache({ max: 12 }),
      releases: new LRUCache({ max: 8 }),
      manifests: new LRUCache({ max: 2_000 }),
    },
  };
  const inTurn = inTurns();
  let checked: Promise<void> | undefined;
  return {
    ...dataFiles(options.objects, warehouse),
    head: (ref) => head(catalog, ref),
    async commit(request) {
      checked ??= checkWarehouse(catalog).catch((error) => {
        checked = undefined;
        throw error;
      });
      await checked;
      return inTurn(request.base.ref, () => commit(catalog, request));
    },
    fastForward: (branch, base) => fastForward(catalog, branch, base),
    tag: async (id, commitId) => catalog.nessie.create('TAG', nameOf(catalog, id), commitId),
    async tags(prefix) {
      const found = await catalog.nessie.list('TAG', `${catalog.ref_prefix}${prefix}`);
      return found.map(({ name, commit }) => ({ ref: name.slice(catalog.ref_prefix.length), commit }));
    },
    releases: (at) => releases(catalog, at),
  };
}

function nameOf({ ref_prefix }: Catalog, ref: string): string {
  return checkedNessieName(`${ref_prefix}${checkedRefName(ref)}`);
}

async function head(catalog: Catalog, ref: string): Promise<RefHead | undefined> {
  const name = nameOf(catalog, ref);
  const commit = await catalog.nessie.head(name);
  if (commit !== undefined) return { ref, commit };
  if (ref !== 'main') return undefined;
  // Nessie itself has `main`; one with a prefix begins where that began.
  const first = await catalog.nessie.firstCommit();
  await catalog.nessie.create('BRANCH', name, first);
  return { ref, commit: (await catalog.nessie.head(name)) ?? first };
}

/** What we write must lie where Nessie and the engines behind it may read. */
async function checkWarehouse({ nessie, bucket }: Catalog): Promise<void> {
  const location = await nessie.warehouseLocation();
  if (`${location}/`.includes(`://${bucket}/`)) return;
  throw new AurumError('fault', 'nessie_warehouse_elsewhere', `Nessie's warehouse lies in ${location}`, {
    remedy: `Set AURUM_S3_BUCKET (now "${bucket}") to its bucket, or AURUM_NESSIE_WAREHOUSE to one in this bucket.`,
  });
}

type Committed = { outcome: 'committed'; head: RefHead } | { outcome: 'conflict' };
const CONFLICT: Committed = { outcome: 'conflict' };

async function commit(catalog: Catalog, request: CommitRequest): Promise<Committed> {
  const branch = nameOf(catalog, request.branch);
  checkedRecord(utcTimestamp, `committed_at of the commit on ${request.branch}`, request.committed_at);
  const tables = [...new Set(request.files.map((file) => file.table))];
  const [main, before] = await Promise.all([
    head(catalog, request.base.ref),
    catalog.nessie.contents({ commit: request.base.commit }, [NAMESPACE, ...tables]),
  ]);
  if (before === undefined) throw commitUnknown(request.base.commit);
  // A base that has moved on would be refused at the end; here it costs nothing yet.
  if (main?.commit !== request.base.commit) return CONFLICT;

  const changes = await Promise.all(tables.map((table) => prepare(catalog, table, before, request)));
  if ((await reset(catalog, branch, request.base.commit)) === 'conflict') return CONFLICT;
  if (!before.namespaces.has(NAMESPACE)) await catalog.nessie.createNamespace(branch, NAMESPACE);
  const wanted = changes.map(({ update }) => update);
  if ((await catalog.nessie.commitTables(branch, request.base.commit, wanted)) === 'conflict')
    return CONFLICT;
  return committedBy(catalog, request.branch, branch, changes);
}

interface PreparedChange {
  readonly table: TableName;
  readonly snapshot_id: bigint;
  /** One of the `table-changes` of the Iceberg REST protocol. */
  readonly update: object;
}

/** Writes all that a table's next snapshot names. Nobody sees it before a commit names the snapshot. */
async function prepare(
  catalog: Catalog,
  table: TableName,
  before: ContentsAt,
  request: CommitRequest,
): Promise<PreparedChange> {
  const { committed_at, summary } = request;
  const there = before.tables.get(table);
  const metadata =
    there === undefined
      ? newTable(table, `${catalog.root}/${tableFolder(catalog.warehouse, table)}`)
      : await readMetadata(catalog, there.metadata_location);
  const files = request.files
    .filter((file) => file.table === table)
    .map((file) => stagedDataFile(file, catalog.root));
  const seed = contentId({ ...request, files: request.files.map((file) => file.key) });
  const plan = await planAppend({ table, metadata, files, summary, seed, committed_at }, (location) =>
    readLocation(catalog, location),
  );
  await Promise.all(
    plan.objects.map(({ location, bytes }) => createOnce(catalog.objects, keyOf(catalog, location), bytes)),
  );
  const update = tableChange(table, metadata, plan, there === undefined);
  return { table, snapshot_id: plan.snapshot['snapshot-id'], update };
}

/** The snapshot as the protocol has it; Nessie refuses it unless the table is as it was read. */
function tableChange(table: TableName, metadata: TableMetadata, plan: AppendPlan, is_new: boolean): object {
  const [namespace, name] = table.split('.');
  const parent = plan.snapshot['parent-snapshot-id'] ?? null;
  return {
    identifier: { namespace: [namespace], name },
    requirements: is_new
      ? [{ type: 'assert-create' }]
      : [
          { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
          { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent },
        ],
    updates: [
      ...(is_new ? creation(table, metadata) : []),
      { action: 'add-snapshot', snapshot: plan.snapshot },
      {
        action: 'set-snapshot-ref',
        'ref-name': 'main',
        type: 'branch',
        'snapshot-id': plan.snapshot['snapshot-id'],
      },
    ],
  };
}

/** A new table, with the ids of its layout; -1 means "the one just added". */
function creation(table: TableName, metadata: TableMetadata): readonly object[] {
  const layout = layoutOf(table);
  return [
    { action: 'assign-uuid', uuid: metadata['table-uuid'] },
    { action: 'upgrade-format-version', 'format-version': 2 },
    { action: 'add-schema', schema: layout.schemas[0], 'last-column-id': layout['last-column-id'] },
    { action: 'set-current-schema', 'schema-id': -1 },
    { action: 'add-spec', spec: layout['partition-specs'][0] },
    { action: 'set-default-spec', 'spec-id': -1 },
    { action: 'add-sort-order', 'sort-order': layout['sort-orders'][0] },
    { action: 'set-default-sort-order', 'sort-order-id': -1 },
    { action: 'set-location', location: metadata.location },
    { action: 'set-properties', updates: metadata.properties },
  ];
}

/** Sets the branch to the base, whatever it held. */
async function reset(catalog: Catalog, branch: string, base: string): Promise<'moved' | 'conflict'> {
  const at = await catalog.nessie.head(branch);
  if (at === base) return 'moved';
  if (at !== undefined) return catalog.nessie.assign(branch, at, base);
  return (await catalog.nessie.create('BRANCH', branch, base)) === 'created' ? 'moved' : 'conflict';
}

/**
 * The protocol does not say which commit a transaction made. The branch's head is ours only if it holds our snapshots:
 * another writer may have reset the branch since.
 */
async function committedBy(
  catalog: Catalog,
  ref: string,
  branch: string,
  changes: readonly PreparedChange[],
): Promise<Committed> {
  const keys = changes.map(({ table }) => table);
  const after = await catalog.nessie.contents(branch, keys);
  const ours = changes.every(
    ({ table, snapshot_id }) => after?.tables.get(table)?.snapshot_id === snapshot_id,
  );
  if (after === undefined || !ours) return CONFLICT;
  return { outcome: 'committed', head: { ref, commit: after.commit } };
}

/**
 * Moves `main` itself instead of merging: a merge would succeed on a `main` that has moved on when no key conflicts, and
 * would give the release two commits, one tagged and one served.
 */
async function fastForward(catalog: Catalog, branch: RefHead, base: RefHead): Promise<'moved' | 'conflict'> {
  const main = nameOf(catalog, 'main');
  const outcome = await catalog.nessie.assign(main, base.commit, branch.commit);
  // Refused may be what a call that succeeded is told when it is made again.
  return outcome === 'moved' || (await catalog.nessie.head(main)) === branch.commit ? 'moved' : 'conflict';
}

async function releases(catalog: Catalog, of: string | RefHead): Promise<readonly CurveRelease[]> {
  const at = typeof of === 'string' ? await head(catalog, of) : of;
  if (at === undefined)
    throw refusal('ref_unknown', `There is no branch or tag "${of}"`, {
      remedy: 'Use "main" or a release tag.',
    });
  const location = await releaseTable(catalog, at.commit);
  if (location === '') return [];
  const read = (from: string) => readLocation(catalog, from);
  const ofManifest: ReadReleases = (manifest) =>
    once(catalog.known.manifests, manifest.manifest_path, () => releasesOfManifest(manifest, read));
  return once(catalog.known.releases, location, async () =>
    releasesOf(await readMetadata(catalog, location), read, ofManifest),
  );
}

function releaseTable(catalog: Catalog, commitId: string): Promise<string> {
  return once(catalog.known.commits, commitId, async () => {
    const at = await catalog.nessie.contents({ commit: commitId }, [RELEASES]);
    if (at === undefined) throw commitUnknown(commitId);
    return at.tables.get(RELEASES)?.metadata_location ?? '';
  });
}

function readMetadata(catalog: Catalog, location: string): Promise<TableMetadata> {
  return once(catalog.known.metadata, location, async () =>
    parseMetadata(await readLocation(catalog, location)),
  );
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
async function once<Value extends NonNullable<unknown>>(
  known: LRUCache<string, Value>,
  name: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const value = known.get(name) ?? (await make());
  known.set(name, value);
  return value;
}

function keyOf({ root }: Catalog, location: string): string {
  if (location.startsWith(`${root}/`)) return location.slice(root.length + 1);
  throw new AurumError('fault', 'table_outside_bucket', `${location} is not below ${root}`, {
    remedy: "Set AURUM_S3_BUCKET to the bucket of Nessie's warehouse, or move the tables there.",
  });
}
