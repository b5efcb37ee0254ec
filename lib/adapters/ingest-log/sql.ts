/** The ingest log in `file_ingest_log`. */
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import type { Sql } from '#lib/ports/sql.ts';

const RECORD = `SELECT log_ingest(p_path => $1, p_etag => $2, p_version => $3, p_vendor => $4, p_asof => $5, p_stage => $6,
  p_status => $7, p_details => $8, p_at => $9)`;

const LATEST = `SELECT path AS source_key, etag, version, vendor, asof AS asof_date, stage, status, details AS detail, at
  FROM file_ingest_status WHERE ($1::text IS NULL OR path = $1) AND ($2::date IS NULL OR asof = $2)
  ORDER BY first_at DESC, path LIMIT $3`;

export function sqlIngestLog(sql: Sql): IngestLog {
  return {
    async record({ source_key, etag, version, vendor, asof_date, stage, status, detail, at }) {
      const values = [source_key, etag, version, vendor, asof_date, stage, status, detail, at];
      await sql.transaction('aurum_ingest', (tx) => tx.query(RECORD, values));
    },
    async latest({ source_key, asof_date, limit }) {
      const values = [source_key ?? null, asof_date ?? null, limit];
      return sql.transaction('aurum_api', (tx) =>
        tx.query<IngestEntry & Record<string, unknown>>(LATEST, values),
      );
    },
  };
}
