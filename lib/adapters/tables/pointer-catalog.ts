/**
 * Iceberg tables with a catalog of objects beside them: `refs/{branch}.json` points to a commit, a commit (immutable)
 * names the metadata of every table. A commit writes all it needs first and then moves one pointer conditionally, so a
 * reader sees all tables before or all after. Needs an object store only; knows nothing of who queries the tables.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { inTurns } from '#lib/domain/turns.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CommitRequest, RefHead, Tables } from '#lib/ports/tables.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import {
  checkedRecord,
  checkedRefName,
  contentId,
  createPointer,
  createRecord,
  listPointers,
  movePointer,
  readPointer,
  readRecord,
} from '../pointer.ts';
import { printJson } from './iceberg/json.ts';
import { withSnapshot } from './iceberg/metadata.ts';
import { TABLE_NAMES, type TableName } from './iceberg/schema.ts';
import { dataFiles } from './iceberg/stage.ts';
import {
  commitUnknown,
  once,
  refUnknown,
  type TableFiles,
  type TableFilesOptions,
  tableFiles,
} from './table-files.ts';

export interface LocalTablesOptions extends TableFilesOptions {
  /** Folder of refs, tags and commits. */
  readonly catalog_prefix?: string;
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
  readonly files: TableFiles;
  readonly refs: string;
  readonly tags: string;
  readonly commits: string;
  /** Read and parsed already; none of them ever changes. */
  readonly known: LRUCache<string, CatalogCommit>;
}

export function localTables(options: LocalTablesOptions): Tables {
  const files = tableFiles(options);
  const folder = options.catalog_prefix ?? 'catalog';
  const catalog: Catalog = {
    objects: options.objects,
    files,
    refs: `${folder}/refs/`,
    tags: `${folder}/tags/`,
    commits: `${folder}/commits/`,
    known: new LRUCache({ max: 200 }),
  };
  const inTurn = inTurns();
  return {
    ...dataFiles(options.objects, files.warehouse),
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
    readRows: files.readRows,
    async holds(file, at) {
      const location = (await readCommit(catalog, at.commit)).tables[file.table];
      return location !== undefined && files.holds(location, file);
    },
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
  const tables = { ...base.tables };
  await Promise.all(
    [...new Set(request.files.map((file) => file.table))].map(async (table) => {
      tables[table] = await append(catalog.files, table, base.tables[table], request);
    }),
  );
  const content: CatalogCommit = { ...draft, tables };
  const id = contentId(content);
  await createRecord(catalog.objects, commitKey(catalog, id), content);
  catalog.known.set(id, content);
  const moved = await movePointer(catalog.objects, branchKey, branch, id);
  return moved
    ? { outcome: 'committed', head: { ref: request.branch, commit: id } }
    : { outcome: 'conflict' };
}

/** Writes a table's next metadata and all it names; returns its location. Nobody sees it before a commit names it. */
async function append(
  files: TableFiles,
  table: TableName,
  base: string | undefined,
  request: CommitRequest,
): Promise<string> {
  const { metadata, plan } = await files.append(table, base, request);
  const next = withSnapshot(metadata, plan.snapshot, base);
  const number = String(plan.snapshot['sequence-number']).padStart(5, '0');
  const location = `${metadata.location}/metadata/${number}-${plan.uuid}.metadata.json`;
  await files.writeMetadata(location, next, Buffer.from(printJson(next)));
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
  if (at === undefined) throw refUnknown(String(of));
  const location = (await readCommit(catalog, at.commit)).tables['market.curve_release'];
  return location === undefined ? [] : catalog.files.releases(location);
}

async function readCommit(catalog: Catalog, id: string): Promise<CatalogCommit> {
  if (id === EMPTY_ID) return EMPTY;
  return once(catalog.known, id, async () => {
    const stored = await readRecord(catalog.objects, commitKey(catalog, id), catalogCommit);
    if (stored === undefined) throw commitUnknown(id);
    return stored;
  });
}

function commitKey(catalog: Catalog, id: string): string {
  return `${catalog.commits}${id}.json`;
}
