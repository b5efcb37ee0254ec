/** What arrived, at which stage it is, and why something is red: the operational record of each workbook. */
export const INGEST_STAGES = [
  'raw',
  'staged',
  'gated',
  'released',
  'published',
  'quarantined',
  'refused',
] as const;
export type IngestStage = (typeof INGEST_STAGES)[number];

export interface IngestEntry {
  readonly source_key: string;
  readonly etag: string;
  readonly version: string | null;
  readonly vendor: string | null;
  readonly asof_date: string | null;
  readonly stage: IngestStage;
  readonly status: 'running' | 'done' | 'red';
  /** One sentence: rows, or the reason with the cell. */
  readonly detail: string;
  readonly at: string;
}

export interface IngestLog {
  /** Records a stage of a delivery; the same stage of the same delivery again changes nothing. */
  record(entry: IngestEntry): Promise<void>;
  /** The newest stage of each delivery, newest first. */
  latest(filter: { source_key?: string; asof_date?: string; limit: number }): Promise<readonly IngestEntry[]>;
}
