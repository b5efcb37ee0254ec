/** Whatever is done to the trail, the first broken link is named. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryAudit } from '#lib/adapters/audit/memory.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { chained } from '#lib/domain/audit-chain.ts';
import { audited, listAudit, recordDecision } from '#lib/flows/audit.ts';
import { anchorAudit, verifyAudit } from '#lib/flows/verify-audit.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import { type AuditEvent, auditQuery } from '#schemas/audit.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';

const clock = { now: () => '2025-09-12T21:30:00.000Z' };

async function trail(length: number): Promise<{ audit: AuditTrail; events: AuditEvent[] }> {
  const audit = memoryAudit();
  const events: AuditEvent[] = [];
  for (let at = 0; at < length; at++)
    events.push(await recordDecision({ action: 'export.create', object: `e${at}` }, { audit, clock }, STAFF));
  return { audit, events };
}

const readingAs = (audit: AuditTrail, events: readonly AuditEvent[]): AuditTrail => ({
  ...audit,
  async *all() {
    yield* events;
  },
});

test('a whole trail is proven, and its end named', async () => {
  const { audit, events } = await trail(7);
  const objects = memoryObjectStore();
  const { seq, hash } = events.at(-1)!;
  expect(await verifyAudit({ audit, objects })).toEqual({
    events: 7,
    end: { seq, hash },
    anchors: 0,
    broken: null,
  });
});

const changes: Readonly<Record<string, (events: AuditEvent[], at: number) => AuditEvent[]>> = {
  'a changed subject': (events, at) => events.with(at, { ...events[at]!, subject: 'eve' }),
  'a changed detail': (events, at) => events.with(at, { ...events[at]!, details: { reason: 'other' } }),
  'a changed event with a hash that fits': (events, at) => {
    const { seq: _seq, prev_hash: _prev, hash: _hash, ...content } = events[at]!;
    return events.with(at, chained({ ...content, subject: 'eve' }, events[at - 1] ?? null));
  },
  'a dropped event': (events, at) => events.toSpliced(at, 1),
  'a doubled event': (events, at) => events.toSpliced(at, 0, events[at]!),
  'two events in the wrong order': (events, at) =>
    at === events.length - 1
      ? events.toSpliced(at, 1)
      : events.with(at, events[at + 1]!).with(at + 1, events[at]!),
};

test.each(Object.keys(changes))('%s is found at its place or at the one after it', async (change) => {
  const { audit, events } = await trail(12);
  const objects = memoryObjectStore();
  await anchorAudit({ audit, objects });
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: events.length - 1 }), async (at) => {
      const { broken } = await verifyAudit({
        audit: readingAs(audit, changes[change]!(events, at)),
        objects,
      });
      expect([at + 1, at + 2]).toContain(broken?.seq);
    }),
    { numRuns: 40 },
  );
});

test('a trail written anew from some event on is found by its anchor', async () => {
  const store = memoryObjectStore();
  const { audit, events } = await trail(3);
  expect(await anchorAudit({ audit, objects: store })).toBe(3);
  expect(await anchorAudit({ audit, objects: store })).toBe(3);
  const anew = memoryAudit();
  for (const { seq: _seq, prev_hash: _prev, hash: _hash, ...content } of events)
    await anew.append({ ...content, subject: 'eve' });
  const { broken } = await verifyAudit({ audit: anew, objects: store });
  expect(broken).toMatchObject({ seq: 3, reason: expect.stringContaining('written anew') });
});

test('pages of the list have every event once, also while others are recorded', async () => {
  const { audit } = await trail(5);
  const ports = { audit, clock };
  const first = await listAudit(auditQuery.parse({ limit: '2' }), ports);
  await recordDecision({ action: 'export.create', object: 'later' }, ports, STAFF);
  const second = await listAudit(auditQuery.parse({ limit: '2', cursor: first.meta.next_cursor! }), ports);
  const third = await listAudit(auditQuery.parse({ limit: '2', cursor: second.meta.next_cursor! }), ports);
  expect([...first.data, ...second.data, ...third.data].map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1]);
  expect(third.meta.next_cursor).toBeNull();
  const other = auditQuery.parse({ limit: '2', subject: 'ann', cursor: first.meta.next_cursor! });
  await expect(listAudit(other, ports)).rejects.toMatchObject({ code: 'cursor_mismatch' });
});

test('a flow that fails is no decision; one that succeeds is recorded before it is told', async () => {
  const ports = { audit: memoryAudit(), clock };
  const flow = audited(
    async (input: { fails: boolean }) => {
      if (input.fails) throw new Error('no');
      return { id: 'acme' };
    },
    ({ id }) => ({ action: 'tenant.register', object: id }),
  );
  await expect(flow({ fails: true }, ports, STAFF)).rejects.toThrow('no');
  expect(await ports.audit.list({ limit: 10 })).toEqual([]);
  await flow({ fails: false }, ports, STAFF);
  expect(await ports.audit.list({ limit: 10 })).toMatchObject([
    { action: 'tenant.register', object: 'acme', subject: 'ann', tenant: 'house' },
  ]);
});

test('a text no database takes is refused by name', async () => {
  const ports = { audit: memoryAudit(), clock };
  const told = recordDecision({ action: 'export.create', object: 'a\u0000b' }, ports, STAFF);
  await expect(told).rejects.toMatchObject({ code: 'text_invalid' });
});
