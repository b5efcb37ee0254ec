/** What every audit trail does. Names are new in each run, so it may run again on a database that keeps its data. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { brokenLink, type ChainEnd } from '#lib/domain/audit-chain.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';

const decision = (object: string, part: object = {}) => ({
  at: '2025-09-12T21:30:00.000Z',
  subject: 'ann',
  tenant: 'house',
  action: 'quarantine.override',
  object,
  details: { reason: 'as quoted: "crossed" — Ä', rows: 3, nested: { list: [1, null, 0.1] }, b: 1, a: 2 },
  event_id: randomUUID(),
  ...part,
});

/** The first thing wrong with the whole trail. */
async function fault(audit: AuditTrail): Promise<string | undefined> {
  let end: ChainEnd = null;
  for await (const event of audit.all()) {
    const reason = brokenLink(event, end);
    if (reason !== undefined) return reason;
    end = event;
  }
  return undefined;
}

export function auditCases(name: string, open: () => AuditTrail): void {
  describe(`${name}: the audit trail`, () => {
    test('what is appended is listed, newest first, as it was', async () => {
      const audit = open();
      const object = randomUUID();
      const first = await audit.append(decision(object));
      const second = await audit.append(decision(object, { action: 'quarantine.approve', subject: 'bob' }));
      expect(second.seq).toBe(first.seq + 1);
      expect(second.prev_hash).toBe(first.hash);
      expect(await audit.list({ object, limit: 10 })).toEqual([second, first]);
      expect(await fault(audit)).toBeUndefined();
    });

    test('the same decision again is the one that is there, whoever tells it', async () => {
      const audit = open();
      const told = decision(randomUUID());
      const first = await audit.append(told);
      expect(await audit.append({ ...told, subject: 'eve', at: '2026-01-01T00:00:00.000Z' })).toEqual(first);
      expect(await audit.list({ object: told.object, limit: 10 })).toEqual([first]);
    });

    test('many at once make one chain, and of one decision told by many there is one event', async () => {
      const audit = open();
      const object = randomUUID();
      const same = decision(object);
      const told = Array.from({ length: 60 }, (_, round) =>
        audit.append(round % 3 === 0 ? same : decision(object)),
      );
      const events = await Promise.all(told);
      expect(new Set(events.map(({ seq }) => seq)).size).toBe(41);
      expect((await audit.list({ object, limit: 100 })).length).toBe(41);
      expect(await fault(audit)).toBeUndefined();
    });

    test('filters and places narrow the list', async () => {
      const audit = open();
      const object = randomUUID();
      const subject = randomUUID();
      const events = [];
      for (const action of ['export.create', 'tenant.entitle', 'export.create'])
        events.push(await audit.append(decision(object, { action, subject })));
      const seqs = async (filter: object) =>
        (await audit.list({ object, limit: 10, ...filter })).map(({ seq }) => seq);
      const [a, b, c] = events.map(({ seq }) => seq);
      expect(await seqs({ action: 'export.create' })).toEqual([c, a]);
      expect(await seqs({ subject, before_seq: c })).toEqual([b, a]);
      expect(await seqs({ limit: 1 })).toEqual([c]);
      expect(await seqs({ subject: 'nobody' })).toEqual([]);
    });
  });
}
