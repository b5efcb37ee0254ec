/** Instruments, watermarks and expected deliveries in the operational database. */
import type { ExpectedDelivery, Operations } from '#lib/ports/operations.ts';
import type { Sql } from '#lib/ports/sql.ts';

export function sqlOperations(sql: Sql): Operations {
  return {
    async recordInstruments(series) {
      const instruments = JSON.stringify(series);
      await sql.transaction('aurum_ingest', (tx) =>
        tx.query('SELECT record_instruments($1::jsonb)', [instruments]),
      );
    },
    async advanceWatermark(source, key, timestamp) {
      await sql.transaction('aurum_ingest', async (tx) => {
        await tx.query('SELECT register_ingest_source(p_name => $1)', [source]);
        await tx.query('SELECT update_ingest_watermark($1, $2, $3)', [source, key, timestamp]);
      });
    },
    async expectDelivery({ vendor, deadline, time_zone }) {
      const text =
        'SELECT register_ingest_source(p_name => $1, p_vendor => $2, p_deadline => $3, p_time_zone => $4)';
      await sql.transaction('aurum_ingest', (tx) =>
        tx.query(text, [`vendor_${vendor}`, vendor, deadline, time_zone]),
      );
    },
    async expectedDeliveries() {
      const text = `SELECT vendor, to_char(deadline, 'HH24:MI') AS deadline, time_zone FROM ingest_source
        WHERE enabled AND vendor IS NOT NULL AND deadline IS NOT NULL ORDER BY vendor`;
      return sql.transaction('aurum_ingest', (tx) =>
        tx.query<ExpectedDelivery & Record<string, unknown>>(text),
      );
    },
  };
}
