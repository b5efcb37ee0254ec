/**
 * Branches, commits, merges and tags as objects: a commit is named by its version and the sha256 of its content, a branch
 * is a pointer moved conditionally. A commit that lost the race is made again on the new head. Whether a version is
 * committed is asked of the commits themselves: there is no second record of it that could be lost. Keeps no copy of the
 * objects a commit names (the bucket's versions do) and knows nothing of what they hold.
 */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { type AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { LakeCommit, VersionedLake } from '#lib/ports/versioned-lake.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import {
  checkedRecord,
  checkedRefName,
  contentId,
  createPointer,
  createRecord,
  listPointers,
  movePointer,
  type Pointer,
  readPointer,
  readRecord,
} from '../pointer.ts';

/** Somebody wins each round; who loses this often meets a store that refuses what it should take. */
const MAX_ATTEMPTS = 1_000;
const VERSION = 'aurum.version';
const SUFFIX = '.json';

const storedCommit = z.strictObject({
  parents: z.array(z.string()),
  /** Longest way to the first commit: a search for a commit of generation g need not look below g. */
  generation: z.int().nonnegative(),
  message: z.string(),
  metadata: z.record(z.string(), z.string()),
  objects: z.array(z.strictObject({ key: z.string(), etag: z.string(), size: z.int().nonnegative() })),
  committed_at: utcTimestamp,
});
type StoredCommit = z.infer<typeof storedCommit>;
type Node = StoredCommit & { readonly id: string };

/** The first commit of every lake, head of `main` until something is merged; never stored. */
const FIRST: StoredCommit = {
  parents: [],
  generation: 0,
  message: 'Repository created',
  metadata: {},
  objects: [],
  committed_at: '1970-01-01T00:00:00.000Z',
};
const FIRST_ID = contentId(FIRST);

interface Lake {
  readonly objects: ObjectStore;
  readonly prefix: string;
  readonly known: LRUCache<string, Node>;
  readonly inTurn: ReturnType<typeof inTurns>;
}

export function localLake(options: {
  readonly objects: ObjectStore;
  readonly prefix?: string;
}): VersionedLake {
  const lake: Lake = {
    objects: options.objects,
    prefix: options.prefix ?? 'lake',
    known: new LRUCache({ max: 10_000 }),
    inTurn: inTurns(),
  };
  return {
    async ensureBranch(branch, source) {
      if ((await branchHead(lake, branch)) !== undefined) return;
      const { commit } = await refHead(lake, source);
      await createPointer(lake.objects, branchKey(lake, branch), commit);
    },
    commit: (branch, message, metadata, objects, committed_at) =>
      commit(lake, branch, {
        message,
        metadata: { ...metadata },
        objects: objects.map(({ key, etag, size }) => ({ key, etag, size })),
        committed_at,
      }),
    merge: (branch, into, message, committed_at) => merge(lake, branch, into, message, committed_at),
    async versionsToMerge(source, into) {
      const there = new Set<string>();
      for await (const { id } of ancestry(lake, (await refHead(lake, into)).commit)) there.add(id);
      const versions: string[] = [];
      const isCommit = (await lake.objects.head(commitKey(lake, source))) !== undefined;
      const start = isCommit ? source : (await refHead(lake, source)).commit;
      for await (const { id, metadata } of ancestry(lake, start)) {
        if (!there.has(id) && metadata[VERSION] !== undefined) versions.push(metadata[VERSION]);
      }
      return versions;
    },
    async tag(id, commitId) {
      await readCommit(lake, commitId);
      return createPointer(lake.objects, `${lake.prefix}/tags/${checkedRefName(id)}.json`, commitId);
    },
    async tags(prefix) {
      const found = await listPointers(lake.objects, `${lake.prefix}/tags/`, prefix);
      return new Map(found.map(({ name, commit }) => [name, commit]));
    },
    async *log(ref) {
      const { commit: start } = await refHead(lake, ref);
      for await (const node of ancestry(lake, start)) yield asLakeCommit(node);
    },
  };
}

type Change = Pick<StoredCommit, 'message' | 'metadata' | 'objects' | 'committed_at'>;

async function commit(lake: Lake, branch: string, change: Change): Promise<LakeCommit> {
  const version = change.metadata[VERSION];
  const { node } = await advance(lake, branch, async (head) => {
    const made = version === undefined ? undefined : await commitOfVersion(lake, head.id, version);
    return made ?? { parents: [head.id], generation: head.generation + 1, ...change };
  });
  return asLakeCommit(node);
}

async function merge(
  lake: Lake,
  branch: string,
  into: string,
  message: string,
  committed_at: string,
): Promise<string> {
  const source = await readCommit(lake, (await refHead(lake, branch)).commit);
  const { head } = await advance(lake, into, async (target) => {
    for await (const each of ancestry(lake, target.id, source.generation))
      if (each.id === source.id) return each;
    const generation = Math.max(target.generation, source.generation) + 1;
    return { parents: [target.id, source.id], generation, message, metadata: {}, objects: [], committed_at };
  });
  return head;
}

/**
 * Moves a branch to the commit that `next` makes of its head, again from the new head when another process was faster.
 * A commit with an id is there already: the branch stays. Returns that commit and the branch's head.
 */
function advance(
  lake: Lake,
  branch: string,
  next: (head: Node) => Promise<StoredCommit | Node>,
): Promise<{ readonly node: Node; readonly head: string }> {
  return lake.inTurn(branch, async () => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const pointer = await branchHead(lake, branch);
      if (pointer === undefined && branch !== 'main') throw refUnknown(branch);
      const head = pointer?.commit ?? FIRST_ID;
      const made = await next(await readCommit(lake, head));
      if ('id' in made) return { node: made, head };
      const node = await writeCommit(lake, made);
      if (await movePointer(lake.objects, branchKey(lake, branch), pointer, node.id)) {
        return { node, head: node.id };
      }
    }
    throw busy(
      'lake_branch_contended',
      `Branch "${branch}" moved ${MAX_ATTEMPTS} times while we wrote to it`,
    );
  });
}

/**
 * The commit of a version among the ancestors of `head`. A version never seen costs one empty listing; one seen is looked
 * for only down to its generation, since a commit that lost the race lies there as well.
 */
async function commitOfVersion(lake: Lake, head: string, version: string): Promise<Node | undefined> {
  const candidates: Node[] = [];
  const folder = commitKey(lake, '').slice(0, -SUFFIX.length);
  for await (const { key } of lake.objects.list(`${folder}${idPrefix(version)}`)) {
    const node = await readCommit(lake, key.slice(folder.length, -SUFFIX.length));
    if (node.metadata[VERSION] === version) candidates.push(node);
  }
  if (candidates.length === 0) return undefined;
  const ids = new Set(candidates.map(({ id }) => id));
  const lowest = Math.min(...candidates.map(({ generation }) => generation));
  for await (const each of ancestry(lake, head, lowest)) if (ids.has(each.id)) return each;
  return undefined;
}

async function writeCommit(lake: Lake, made: StoredCommit): Promise<Node> {
  const content = checkedRecord(storedCommit, 'lake commit', made);
  const version = content.metadata[VERSION];
  const id = `${version === undefined ? '' : idPrefix(version)}${contentId(content)}`;
  await createRecord(lake.objects, commitKey(lake, id), content);
  return { ...content, id };
}

function asLakeCommit({ id, parents, message, metadata, objects, committed_at }: Node): LakeCommit {
  return { id, parents, message, metadata, objects, committed_at };
}

/** The commit and all its ancestors down to a generation, highest generation first: children before their parents. */
async function* ancestry(lake: Lake, start: string, lowest = 0): AsyncGenerator<Node> {
  const seen = new Set([start]);
  const open = [await readCommit(lake, start)];
  while (open.length > 0) {
    open.sort(newestLast);
    const node = open.pop()!;
    if (node.generation < lowest) return;
    yield node;
    const parents = node.parents.filter((parent) => !seen.has(parent));
    for (const parent of parents) seen.add(parent);
    open.push(...(await Promise.all(parents.map((parent) => readCommit(lake, parent)))));
  }
}

function newestLast(a: Node, b: Node): number {
  if (a.generation !== b.generation) return a.generation - b.generation;
  return `${a.committed_at}${a.id}` < `${b.committed_at}${b.id}` ? -1 : 1;
}

async function readCommit(lake: Lake, id: string): Promise<Node> {
  if (id === FIRST_ID) return { ...FIRST, id };
  const known = lake.known.get(id);
  if (known !== undefined) return known;
  const stored = await readRecord(lake.objects, commitKey(lake, id), storedCommit);
  if (stored === undefined)
    throw refusal('commit_unknown', `There is no lake commit "${id}"`, {
      remedy: 'Take it from a branch or tag.',
    });
  const node = { ...stored, id };
  lake.known.set(id, node);
  return node;
}

function branchHead(lake: Lake, branch: string): Promise<Pointer | undefined> {
  return readPointer(lake.objects, branchKey(lake, branch));
}

async function refHead(lake: Lake, ref: string): Promise<{ readonly commit: string }> {
  const found =
    (await branchHead(lake, ref)) ?? (await readPointer(lake.objects, `${lake.prefix}/tags/${ref}.json`));
  if (found !== undefined) return found;
  if (ref === 'main') return { commit: FIRST_ID };
  throw refUnknown(ref);
}

function refUnknown(ref: string): AurumError {
  return refusal('ref_unknown', `There is no branch or tag "${ref}"`, {
    remedy: 'Create the branch first, or use "main".',
  });
}

const branchKey = (lake: Lake, branch: string) => `${lake.prefix}/refs/${checkedRefName(branch)}.json`;
const commitKey = (lake: Lake, id: string) => `${lake.prefix}/commits/${id}${SUFFIX}`;
const idPrefix = (version: string) => `${encodeURIComponent(version)}.`;
