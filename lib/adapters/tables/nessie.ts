/**
 * Iceberg tables in Nessie: our writer makes data files, manifests and snapshots as for the local catalog; Nessie commits
 * all tables of a release at once over the Iceberg REST protocol, and moves `main` by compare and swap. Tables that are
 * not there are created by the first commit that needs them. Knows nothing of who queries the tables.
 */
import { LRUCache } from 'lru-cache';
import { AurumError } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { CommitRequest, RefHead, Tables } from '#lib/ports/tables.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { checkedRecord, checkedRefName } from '../pointer.ts';
import type { TableMetadata } from './iceberg/metadata.ts';
import { layoutOf, type TableName } from './iceberg/schema.ts';
import { dataFiles } from './iceberg/stage.ts';
import {
  type ContentsAt,
  checkedNessieName,
  type NessieClient,
  type NessieClientOptions,
  nessieClient,
} from './nessie-client.ts';
import {
  commitUnknown,
  once,
  type PlannedAppend,
  refUnknown,
  type TableFiles,
  type TableFilesOptions,
  tableFiles,
} from './table-files.ts';

/** The bucket is the one that Nessie's warehouse lies in. */
export interface NessieTablesOptions extends NessieClientOptions, TableFilesOptions {
  /** Put before every branch and tag, so that several installations may share a Nessie; '' when left out. */
  readonly ref_prefix?: string;
}

const NAMESPACE = 'market';
const RELEASES: TableName = 'market.curve_release';

interface Catalog {
  readonly nessie: NessieClient;
  readonly files: TableFiles;
  readonly bucket: string;
  readonly ref_prefix: string;
  /** Location of the release table's metadata by commit; '' where the commit has no such table. */
  readonly release_tables: LRUCache<string, string>;
}

export function nessieTables(options: NessieTablesOptions): Tables {
  const files = tableFiles(options);
  const catalog: Catalog = {
    nessie: nessieClient(options),
    files,
    bucket: options.bucket,
    ref_prefix: options.ref_prefix ?? '',
    release_tables: new LRUCache({ max: 200 }),
  };
  const inTurn = inTurns();
  let checked: Promise<void> | undefined;
  return {
    ...dataFiles(options.objects, files.warehouse),
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
    readRows: files.readRows,
    async holds(file, { commit }) {
      const at = await catalog.nessie.contents({ commit }, [file.table]);
      if (at === undefined) throw commitUnknown(commit);
      const there = at.tables.get(file.table);
      return there !== undefined && files.holds(there.metadata_location, file);
    },
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

async function prepare(
  { files }: Catalog,
  table: TableName,
  before: ContentsAt,
  request: CommitRequest,
): Promise<PreparedChange> {
  const there = before.tables.get(table);
  const planned = await files.append(table, there?.metadata_location, request);
  const update = tableChange(table, planned, there === undefined);
  return { table, snapshot_id: planned.plan.snapshot['snapshot-id'], update };
}

/** The snapshot as the protocol has it; Nessie refuses it unless the table is as it was read. */
function tableChange(table: TableName, { metadata, plan }: PlannedAppend, is_new: boolean): object {
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
  if (at === undefined) throw refUnknown(String(of));
  const location = await releaseTable(catalog, at.commit);
  return location === '' ? [] : catalog.files.releases(location);
}

function releaseTable({ nessie, release_tables }: Catalog, commitId: string): Promise<string> {
  return once(release_tables, commitId, async () => {
    const at = await nessie.contents({ commit: commitId }, [RELEASES]);
    if (at === undefined) throw commitUnknown(commitId);
    return at.tables.get(RELEASES)?.metadata_location ?? '';
  });
}
