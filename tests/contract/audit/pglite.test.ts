import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import { recordDecision } from '#lib/flows/audit.ts';
import { anchorAudit, verifyAudit } from '#lib/flows/verify-audit.ts';
import { auditCases } from './cases.ts';

const ddl = readFileSync(join(import.meta.dirname, '../../../ddl/postgres/app.sql'), 'utf8');
const home = mkdtempSync(join(tmpdir(), 'aurum-audit-'));
const memory = pgliteSql({ ddl });
afterAll(async () => {
  await memory.close();
  rmSync(home, { recursive: true });
});

auditCases('PGlite', () => sqlAudit(memory));

describe('the table', () => {
  const changes = [
    `UPDATE audit_event SET subject = 'eve'`,
    'DELETE FROM audit_event',
    'TRUNCATE audit_event',
  ];

  test.each(changes)('no role of the platform may: %s', async (text) => {
    for (const role of ['aurum_api', 'aurum_ingest', 'aurum_admin'] as const) {
      const tried = memory.transaction(role, (tx) => tx.query(text));
      await expect(tried).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('two events in one place are refused, whoever forgot the lock', async () => {
    const [last] = await sqlAudit(memory).list({ limit: 1 });
    const fork = memory.transaction('aurum_api', (tx) =>
      tx.query(
        `INSERT INTO audit_event SELECT seq + 1, at, subject, tenant, action, object, details, 'fork', prev_hash, $1
         FROM audit_event WHERE seq = $2`,
        ['f'.repeat(64), last!.seq],
      ),
    );
    await expect(fork).rejects.toMatchObject({ code: '23505' });
  });

  test('its owner is refused too; one who turns that off is found out, by the event', async () => {
    const dir = join(home, 'tampered');
    /** What the owner does: statements as the migration runs them. */
    const asOwner = async (text: string) => {
      const sql = pgliteSql({ dir, ddl: `${ddl}\n${text}` });
      await sql.migrate().finally(() => sql.close());
    };
    const objects = memoryObjectStore();
    const proof = async () => {
      const sql = pgliteSql({ dir, ddl });
      return verifyAudit({ audit: sqlAudit(sql), objects }).finally(() => sql.close());
    };
    const sql = pgliteSql({ dir, ddl });
    await sql.migrate();
    const audit = sqlAudit(sql);
    const clock = { now: () => '2025-09-12T21:30:00.000Z' };
    for (const object of ['a', 'b', 'c', 'd', 'e'])
      await recordDecision(
        { action: 'export.create', object },
        { audit, clock },
        { subject: 'ann', tenant: 'acme' },
      );
    await anchorAudit({ audit, objects });
    await sql.close();
    expect(await proof()).toMatchObject({ events: 5, anchors: 1, broken: null });

    for (const text of changes) await expect(asOwner(text)).rejects.toThrow('never changed');
    await asOwner(`ALTER TABLE audit_event DISABLE TRIGGER USER; DELETE FROM audit_event WHERE seq = 5;`);
    expect((await proof()).broken).toEqual({ seq: 5, reason: 'the trail ends at 4, and had 5' });
    await asOwner(
      `ALTER TABLE audit_event DISABLE TRIGGER USER; UPDATE audit_event SET subject = 'eve' WHERE seq = 3;`,
    );
    expect((await proof()).broken).toEqual({ seq: 3, reason: 'event 3 is not what was recorded' });
  }, 60_000);
});
