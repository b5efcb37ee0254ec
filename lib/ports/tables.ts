/**
 * The Iceberg tables of the lake: files are staged where nobody sees them, then one conditional commit on a branch makes
 * them visible together, and `main` moves to it. Knows tables and references; how a catalog stores them is the adapter's.
 */
import type { CurveTable } from '#lib/domain/curve.ts';
import type { CurveRelease, FlatRow, FlatTable } from '#schemas/lake.ts';

/** Names a data file: the same version and time are the same file. */
export interface FileName {
  readonly version: string;
  /** RFC 3339 UTC */
  readonly at: string;
}

/** A data file that lies in the store and belongs to no snapshot yet. */
export interface StagedFile {
  readonly table: 'market.curve_observation' | FlatTable;
  /** Object key of the Parquet file. */
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  /** What the manifest entry needs (bounds, counts, partition), opaque to the flows. */
  readonly entry: unknown;
}

/** A reference and the commit it points to. */
export interface RefHead {
  readonly ref: string;
  readonly commit: string;
}

export interface CommitRequest {
  /** Branch that gets the commit; it is set to `base` first, so what it held before is not part of it. */
  readonly branch: string;
  /** The state of `main` the commit builds on. */
  readonly base: RefHead;
  readonly files: readonly StagedFile[];
  /** Written into each new snapshot's summary; `aurum.version` is what makes a second commit of one version void. */
  readonly summary: Readonly<Record<string, string>>;
  /** Instant of the commit, RFC 3339 UTC. */
  readonly committed_at: string;
}

export interface Tables {
  /**
   * Writes the rows of one workbook version as one Parquet file, sorted by curve, then tenor. The same table, version and
   * time give the same key and bytes; an object that is there already is kept.
   */
  stageCurves(table: CurveTable, version: string, ingest_ts: string): Promise<StagedFile>;
  /**
   * The same for rows of another table, all of one market day, in the order given.
   * @throws AurumError `rows_empty`, `rows_of_several_days`
   */
  stageRows<Table extends FlatTable>(
    table: Table,
    name: FileName,
    rows: readonly FlatRow<Table>[],
  ): Promise<StagedFile>;
  /** Rows of a data file, as they were staged. */
  readRows<Table extends FlatTable>(table: Table, key: string): Promise<readonly FlatRow<Table>[]>;
  /** Whether a reference's table names the file: it is committed, and must not be again. */
  holds(file: StagedFile, at: RefHead): Promise<boolean>;
  /** The head of a branch or tag; `main` always exists. */
  head(ref: string): Promise<RefHead | undefined>;
  /** One commit over all tables touched. `conflict`: the branch moved meanwhile; begin again from a new base. */
  commit(request: CommitRequest): Promise<{ outcome: 'committed'; head: RefHead } | { outcome: 'conflict' }>;
  /** Moves `main` from `base` to the branch's head. `conflict`: main is not at `base` any more. */
  fastForward(branch: RefHead, base: RefHead): Promise<'moved' | 'conflict'>;
  /** Creates a tag once; `exists` when the id is taken, by whatever commit. */
  tag(id: string, commit: string): Promise<'created' | 'exists'>;
  tags(prefix: string): Promise<readonly RefHead[]>;
  /** Releases committed up to a reference as it is now, or as it was seen; oldest commit first. */
  releases(at: string | RefHead): Promise<readonly CurveRelease[]>;
}
