/**
 * Versions of the objects a workbook leaves behind (raw, staged, gate): branch, commit, merge, tag, as lakeFS has them.
 */
export interface LakeObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
}

export interface LakeCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Objects this commit adds or replaces. */
  readonly objects: readonly LakeObject[];
  readonly committed_at: string;
}

export interface VersionedLake {
  /** Creates the branch at the head of `source` when it is absent. */
  ensureBranch(branch: string, source: string): Promise<void>;
  /**
   * Commits objects on a branch. When a commit with the same `aurum.version` metadata is reachable from the branch, that
   * one is returned and nothing is written.
   */
  commit(
    branch: string,
    message: string,
    metadata: Readonly<Record<string, string>>,
    objects: readonly LakeObject[],
    committed_at: string,
  ): Promise<LakeCommit>;
  /** Merges the branch into `into`; returns the head of `into`, unchanged when there was nothing to merge. */
  merge(branch: string, into: string, message: string, committed_at: string): Promise<string>;
  /** Values of `aurum.version` that a merge of `source` (a branch or commit) into the branch `into` would bring. */
  versionsToMerge(source: string, into: string): Promise<readonly string[]>;
  /** Creates a tag once. Ids have no `/`. */
  tag(id: string, commit: string): Promise<'created' | 'exists'>;
  tags(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Commits reachable from a branch or tag, newest first. */
  log(ref: string): AsyncIterable<LakeCommit>;
}
