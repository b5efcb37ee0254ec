/**
 * The versioned lake in lakeFS. The objects stay in the bucket, whose versions keep them; lakeFS holds a small JSON link
 * `{key}.ref` for each, so that its diffs, hooks and tags speak of our keys without a byte being copied. (Linking physical
 * addresses would need the bucket as lakeFS's own storage namespace.)
 *
 * A branch of lakeFS has one staging area, shared by all who write: what two processes stage at once would end in either's
 * commit. So a version is staged and committed on a branch of its own, named by it, and comes to its branch by one merge,
 * whose commit carries message and metadata and is the commit of the version. A marker object that comes with it says
 * whether a branch has the version, without a walk through its history.
 */
import { hash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { LakeCommit, LakeObject, VersionedLake } from '#lib/ports/versioned-lake.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import { canonicalJson, checkedRecord, checkedRefName } from '../pointer.ts';
import { type LakefsClient, type LakefsCommit, type LakefsOptions, lakefsClient } from './lakefs-client.ts';

/** Whoever finishes a version deletes its branch, which those who were at it too find out by starting again. */
const MAX_ATTEMPTS = 20;

/** A marker object for each version a branch has. */
const MARKERS = '_aurum/versions/';
const OBJECTS = 'aurum.objects';
const COMMITTED_AT = 'aurum.committed_at';

const lakeObjects = z.array(
  z.strictObject({ key: z.string().min(1), etag: z.string(), size: z.int().nonnegative() }),
);
const changeSchema = z.strictObject({
  message: z.string(),
  metadata: z.record(z.string(), z.string()),
  objects: lakeObjects,
  committed_at: utcTimestamp,
});
type Change = z.infer<typeof changeSchema>;

export function lakefsLake(options: LakefsOptions): VersionedLake {
  const lakefs = lakefsClient(options);
  const inTurn = inTurns();
  return {
    async ensureBranch(branch, source) {
      const created = await lakefs.createBranch(checkedRefName(branch), source);
      if (created === 'source_unknown') throw refUnknown(source);
    },
    async commit(branch, message, metadata, objects, committed_at) {
      const given = {
        message,
        metadata: { ...metadata },
        objects: objects.map(({ key, etag, size }) => ({ key, etag, size })),
        committed_at,
      };
      const change = checkedRecord(changeSchema, 'lake commit', given);
      return inTurn(branch, () => commitChange(lakefs, branch, change));
    },
    merge: (branch, into, message, committed_at) =>
      inTurn(into, () => merge(lakefs, branch, into, message, committed_at)),
    async versionsToMerge(source, into) {
      const versions: string[] = [];
      for await (const { path, type } of lakefs.changes(into, source, MARKERS, () => refUnknown(source))) {
        if (type === 'added') versions.push(decodeURIComponent(path.slice(MARKERS.length)));
      }
      return versions;
    },
    async tag(id, commit) {
      const tagged = await lakefs.createTag(checkedRefName(id), commit);
      if (tagged !== 'ref_unknown') return tagged;
      throw refusal('commit_unknown', `There is no lake commit "${commit}"`, {
        remedy: 'Take it from a branch or tag.',
      });
    },
    async tags(prefix) {
      const found = new Map<string, string>();
      for await (const { id, commit_id } of lakefs.tags(prefix)) found.set(id, commit_id);
      return found;
    },
    async *log(ref) {
      for await (const each of lakefs.log(ref, () => refUnknown(ref))) yield asLakeCommit(each);
    },
  };
}

async function commitChange(lakefs: LakefsClient, branch: string, change: Change): Promise<LakeCommit> {
  const version = change.metadata['aurum.version'];
  const name = version ?? randomUUID();
  const own = `stage_${hash('sha256', `${branch}\n${name}`, 'hex').slice(0, 32)}`;
  const marker = MARKERS + encodeURIComponent(name);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (version !== undefined && (await lakefs.hasObject(branch, marker))) {
      await lakefs.deleteBranch(own); // Left behind by whoever died after the merge.
      return commitOfVersion(lakefs, branch, version);
    }
    if ((await lakefs.createBranch(own, branch)) === 'source_unknown') throw refUnknown(branch);
    if (!(await stage(lakefs, own, marker, change))) continue;
    const merged = await lakefs.merge(own, branch, {
      message: change.message,
      metadata: {
        ...change.metadata,
        [OBJECTS]: JSON.stringify(change.objects),
        [COMMITTED_AT]: change.committed_at,
      },
      strategy: 'source-wins', // As the later of two commits on one branch.
    });
    if (typeof merged === 'object') {
      await lakefs.deleteBranch(own);
      return { id: merged.commit, parents: await parentsOf(lakefs, merged.commit), ...change };
    }
    if (merged === 'hook_failed') throw hookFailed(own, branch);
  }
  throw busy('lake_branch_contended', `${name} was not committed to "${branch}" in ${MAX_ATTEMPTS} attempts`);
}

/** Links and marker as one commit on the version's own branch; false when somebody has finished it meanwhile. */
async function stage(lakefs: LakefsClient, own: string, marker: string, change: Change): Promise<boolean> {
  const files = [
    ...change.objects.map((object) => ({ path: `${object.key}.ref`, content: canonicalJson(object) })),
    { path: marker, content: '{}' },
  ];
  const stored = await Promise.all(
    files.map(({ path, content }) => lakefs.putObject(own, path, Buffer.from(content))),
  );
  if (stored.includes('branch_unknown')) return false;
  // No changes: somebody at the same version has committed them.
  return (await lakefs.commit(own, `Stage: ${change.message}`)) !== 'branch_unknown';
}

async function commitOfVersion(lakefs: LakefsClient, branch: string, version: string): Promise<LakeCommit> {
  for await (const each of lakefs.log(branch, () => refUnknown(branch))) {
    if (each.metadata?.['aurum.version'] === version) return asLakeCommit(each);
  }
  throw new AurumError(
    'fault',
    'lake_history_broken',
    `"${branch}" holds ${version} but has no commit of it`,
    {
      remedy: 'Find out who reset the branch.',
    },
  );
}

async function merge(
  lakefs: LakefsClient,
  branch: string,
  into: string,
  message: string,
  committed_at: string,
): Promise<string> {
  const merged = await lakefs.merge(branch, into, { message, metadata: { [COMMITTED_AT]: committed_at } });
  if (typeof merged === 'object') return merged.commit;
  if (merged === 'hook_failed') throw hookFailed(branch, into);
  if (merged === 'conflict') {
    throw refusal('lake_merge_conflict', `"${branch}" and "${into}" changed the same objects`, {
      remedy: 'Merge one of them by hand in lakeFS, saying which wins.',
    });
  }
  const head = merged === 'ref_unknown' ? undefined : await lakefs.head(into);
  if (head === undefined) throw refUnknown((await lakefs.head(branch)) === undefined ? branch : into);
  return head.id;
}

async function parentsOf(lakefs: LakefsClient, commit: string): Promise<readonly string[]> {
  const found = await lakefs.head(commit);
  if (found === undefined) throw refUnknown(commit);
  return found.parents;
}

function asLakeCommit({ id, parents, message, metadata, creation_date }: LakefsCommit): LakeCommit {
  const { [OBJECTS]: objects, [COMMITTED_AT]: committed_at, ...rest } = metadata ?? {};
  return {
    id,
    parents,
    message,
    metadata: Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('.lakefs.'))),
    objects: objects === undefined ? [] : objectsOf(id, objects),
    committed_at: committed_at ?? new Date(creation_date * 1000).toISOString(),
  };
}

function objectsOf(commit: string, text: string): readonly LakeObject[] {
  return checkedRecord(lakeObjects, `objects of lake commit ${commit}`, JSON.parse(text));
}

function refUnknown(ref: string): AurumError {
  return refusal('ref_unknown', `There is no branch or tag "${ref}"`, {
    remedy: 'Create the branch first, or use "main".',
  });
}

/** Red, or crashed: lakeFS says the same of both, and lets nothing through. */
function hookFailed(branch: string, into: string): AurumError {
  return new AurumError(
    'fault',
    'lake_merge_stopped',
    `The gate stopped the merge of "${branch}" into "${into}"`,
    {
      remedy: 'See the run of the pre-merge action in lakeFS.',
    },
  );
}
