/** What the table of the audit trail refuses, whoever asks, and how one who gets round it is found out. */
import { describe, expect, test } from 'vitest';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { recordDecision } from '#lib/flows/audit.ts';
import { anchorAudit, verifyAudit } from '#lib/flows/verify-audit.ts';
import type { Sql } from '#lib/ports/sql.ts';

/** A database with an empty trail. */
export interface TrailDatabase {
  /** What the platform does with it. */
  use<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** What the owner of its tables does. */
  asOwner(statements: string): Promise<unknown>;
}

const CHANGES = [`UPDATE audit_event SET subject = 'eve'`, 'DELETE FROM audit_event', 'TRUNCATE audit_event'];
const clock = { now: () => '2025-09-12T21:30:00.000Z' };
const BY = { subject: 'ann', tenant: 'acme' };

async function record({ use }: TrailDatabase, ...objects: readonly string[]): Promise<void> {
  await use(async (sql) => {
    for (const object of objects)
      await recordDecision({ action: 'export.create', object }, { audit: sqlAudit(sql), clock }, BY);
  });
}

export function auditTableCases(name: string, open: () => Promise<TrailDatabase>): void {
  describe(`${name}: the table of the audit trail`, () => {
    test('no role of the platform may change, remove or empty it', async () => {
      const trail = await open();
      await record(trail, 'a');
      await trail.use(async (sql) => {
        for (const text of CHANGES) {
          for (const role of ['aurum_api', 'aurum_ingest', 'aurum_admin'] as const) {
            const tried = sql.transaction(role, (tx) => tx.query(text));
            await expect(tried, `${text} as ${role}`).rejects.toMatchObject({ code: '42501' });
          }
        }
      });
    });

    test('two events in one place are refused, whoever forgot the lock', async () => {
      const trail = await open();
      await record(trail, 'a', 'b');
      const fork = trail.use((sql) =>
        sql.transaction('aurum_api', (tx) =>
          tx.query(
            `INSERT INTO audit_event SELECT seq + 1, at, subject, tenant, action, object, details, 'fork', prev_hash, $1
             FROM audit_event WHERE seq = 2`,
            ['f'.repeat(64)],
          ),
        ),
      );
      await expect(fork).rejects.toMatchObject({ code: '23505' });
    });

    test('its owner is refused too; one who turns that off is found out, by the event', async () => {
      const trail = await open();
      const objects = memoryObjectStore();
      const proof = () => trail.use((sql) => verifyAudit({ audit: sqlAudit(sql), objects }));
      await record(trail, 'a', 'b', 'c', 'd', 'e');
      await trail.use((sql) => anchorAudit({ audit: sqlAudit(sql), objects }));
      expect(await proof()).toMatchObject({ events: 5, anchors: 1, broken: null });

      for (const text of CHANGES) await expect(trail.asOwner(text)).rejects.toThrow('never changed');
      const freely = (text: string) =>
        trail.asOwner(`ALTER TABLE audit_event DISABLE TRIGGER USER; ${text};`);
      await freely('DELETE FROM audit_event WHERE seq = 5');
      expect((await proof()).broken).toEqual({ seq: 5, reason: 'the trail ends at 4, and had 5' });
      await freely(`UPDATE audit_event SET subject = 'eve' WHERE seq = 3`);
      expect((await proof()).broken).toEqual({ seq: 3, reason: 'event 3 is not what was recorded' });
    }, 60_000);
  });
}
