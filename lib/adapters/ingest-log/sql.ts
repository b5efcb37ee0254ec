/** The ingest log in `file_ingest_log`. */
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import type { Sql } from '#lib/ports/sql.ts';

const RECORD = `INSERT INTO file_ingest_log (path, etag, version, vendor, asof, stage, status, details, at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (path, etag, stage) DO NOTHING`;

const LATEST = `SELECT source_key, etag, version, vendor, asof_date, stage, status, detail, at FROM (
    SELECT DISTINCT ON (path, etag) id, path AS source_key, etag, version, vendor, asof::text AS asof_date, stage, status,
      details AS detail, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
    FROM file_ingest_log
    WHERE ($1::text IS NULL OR path = $1) AND ($2::date IS NULL OR asof = $2)
    ORDER BY path, etag, id DESC
  ) AS newest ORDER BY id DESC LIMIT $3`;

export function sqlIngestLog(sql: Sql): IngestLog {
  return {
    async record({ source_key, etag, version, vendor, asof_date, stage, status, detail, at }) {
      const values = [source_key, etag, version, vendor, asof_date, stage, status, detail, at];
      await sql.transaction('aurum_ingest', (tx) => tx.query(RECORD, values));
    },
    async latest({ source_key, asof_date, limit }) {
      const values = [source_key ?? null, asof_date ?? null, limit];
      return sql.transaction('aurum_api', (tx) => tx.query<IngestEntry & Record<string, unknown>>(LATEST, values));
    },
  };
}
