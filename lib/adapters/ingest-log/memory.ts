/** The ingest log in memory: as strict as the table, for a process that keeps nothing. */
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';

export function memoryIngestLog(): IngestLog {
  const entries: IngestEntry[] = [];
  return {
    async record(entry) {
      const same = (held: IngestEntry) =>
        held.source_key === entry.source_key && held.etag === entry.etag && held.stage === entry.stage;
      if (!entries.some(same)) entries.push(entry);
    },
    async latest({ source_key, asof_date, limit }) {
      const newest = new Map<string, IngestEntry>();
      for (const entry of entries) {
        if (source_key !== undefined && entry.source_key !== source_key) continue;
        if (asof_date !== undefined && entry.asof_date !== asof_date) continue;
        const delivery = `${entry.source_key}|${entry.etag}`;
        newest.delete(delivery);
        newest.set(delivery, entry);
      }
      return [...newest.values()].reverse().slice(0, limit);
    },
  };
}
