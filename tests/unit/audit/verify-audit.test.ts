/** Whatever is done to the trail, the first broken link is named. */
import { globSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryAudit } from '#lib/adapters/audit/memory.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { chained } from '#lib/domain/audit-chain.ts';
import { refusal } from '#lib/domain/errors.ts';
import { audited, listAudit, recordDecision, recordUnanswered } from '#lib/flows/audit.ts';
import { requireJson } from '#lib/flows/json-objects.ts';
import { DECIDED } from '#lib/flows/tenant-records.ts';
import { anchorAudit, verifyAudit } from '#lib/flows/verify-audit.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { type AuditEvent, auditAnchor, auditQuery } from '#schemas/audit.ts';
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

test('each anchor has the events since the one before: together they are the trail', async () => {
  const objects = memoryObjectStore();
  const { audit, events } = await trail(150);
  await anchorAudit({ audit, objects });
  for (const object of ['x', 'y'])
    events.push(await recordDecision({ action: 'export.create', object }, { audit, clock }, STAFF));
  await anchorAudit({ audit, objects });
  const kept: AuditEvent[] = [];
  for await (const { key } of objects.list('audit/'))
    kept.push(...(await requireJson(objects, key, auditAnchor)).events!);
  expect(kept).toEqual(events);
  expect(await verifyAudit({ audit, objects })).toMatchObject({ events: 152, anchors: 2, broken: null });
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

/** A database in which nothing is kept of what was decided. */
const noRows: Sql = {
  transaction: (_role, work) => work({ query: async <Row>() => [{ tenant: [] } as Row] }),
  migrate: async () => {},
  close: async () => {},
};

test('a flow that fails is no decision; one that succeeds is recorded before it is told', async () => {
  const ports = { audit: memoryAudit(), clock, objects: memoryObjectStore(), sql: noRows };
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

test('a decision whose process dies before its event is not lost to the trail', async () => {
  let now = '2025-09-12T21:30:00.000Z';
  const objects = memoryObjectStore();
  const ports = { audit: memoryAudit(), clock: { now: () => now }, objects, sql: noRows };
  const entitle = audited(
    async function entitleTenant(outcome: 'done' | 'refused') {
      if (outcome === 'refused') throw refusal('vendor_unknown', 'no');
      return { id: 'acme' };
    },
    ({ id }) => ({ action: 'tenant.entitle', object: id }),
  );
  const dying = {
    ...ports.audit,
    append: async () => {
      throw new Error('killed');
    },
  };
  await expect(entitle('done', { ...ports, audit: dying }, STAFF)).rejects.toThrow('killed');
  await expect(entitle('refused', ports, STAFF)).rejects.toMatchObject({ code: 'vendor_unknown' });
  await entitle('done', ports, STAFF);
  // It might still be at work.
  expect(await recordUnanswered(ports)).toBe(0);
  now = '2025-09-12T21:36:00.000Z';
  expect(await recordUnanswered(ports)).toBe(1);
  expect(await recordUnanswered(ports)).toBe(0);
  expect(await ports.audit.list({ limit: 10 })).toMatchObject([
    {
      action: 'decision.unanswered',
      object: 'entitleTenant',
      subject: 'ann',
      details: { asked_at: '2025-09-12T21:30:00.000Z' },
    },
    { action: 'tenant.entitle', object: 'acme' },
  ]);
});

test("every decision of a tenant's own is kept beside the database", () => {
  const actions = globSync('functions/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/audited\([\s\S]*?action: '([^']+)'/g)].map(
      ([, action]) => action!,
    ),
  );
  // Exports lie in the bucket themselves, as workbooks do; valuations are kept as they are published.
  const elsewhere = ['export.create', 'ppa.value'];
  expect([...new Set(actions)].sort()).toEqual([...Object.keys(DECIDED), ...elsewhere].sort());
});

test('a text no database takes is refused by name', async () => {
  const ports = { audit: memoryAudit(), clock };
  const told = recordDecision({ action: 'export.create', object: 'a\u0000b' }, ports, STAFF);
  await expect(told).rejects.toMatchObject({ code: 'text_invalid' });
});
