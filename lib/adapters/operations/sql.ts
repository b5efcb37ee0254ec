/** Instruments, watermarks and expected deliveries in the operational database. */
import type { ExpectedDelivery, Operations } from '#lib/ports/operations.ts';
import type { Sql } from '#lib/ports/sql.ts';

export function sqlOperations(sql: Sql): Operations {
  return {
    async recordInstruments(series) {
      const instruments = JSON.stringify(series);
      await sql.transaction('aurum_ingest', (tx) => tx.query('SELECT record_instruments($1::jsonb)', [instruments]));
    },
    async advanceWatermark(source, key, timestamp) {
      await sql.transaction('aurum_ingest', async (tx) => {
        await tx.query('INSERT INTO ingest_source (name) VALUES ($1) ON CONFLICT (name) DO NOTHING', [source]);
        await tx.query('SELECT update_ingest_watermark($1, $2, $3)', [source, key, timestamp]);
      });
    },
    async expectedDeliveries() {
      const text = `SELECT vendor, to_char(deadline, 'HH24:MI') AS deadline, time_zone FROM ingest_source
        WHERE enabled AND vendor IS NOT NULL AND deadline IS NOT NULL ORDER BY vendor`;
      return sql.transaction('aurum_ingest', (tx) => tx.query<ExpectedDelivery & Record<string, unknown>>(text));
    },
  };
}
