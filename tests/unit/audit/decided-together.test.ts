/** A change and its event: both, or neither; and a decision that could not be told of is not taken. */
import { afterAll, describe, expect, test } from 'vitest';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { audited } from '#lib/flows/audit.ts';
import { decideHotfix } from '#lib/flows/decide-hotfix.ts';
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { decisionKey } from '#lib/flows/stage-keys.ts';
import { entitleTenant, listTenants, registerTenant } from '#lib/flows/tenants.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import { operationalDdl } from '#lib/runtime/compose.ts';
import { chainPorts } from '#tests/fixtures/chain.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { APPROVE, actions, by, OVERRIDE, red } from '#tests/local/decisions/steps.ts';

const sql = pgliteSql({ ddl: operationalDdl() });
afterAll(() => sql.close());
const audit = sqlAudit(sql);
const site = () => ({
  sql,
  audit,
  objects: memoryObjectStore(),
  vendors: [{ vendor: 'pw' }],
  clock: { now: () => '2025-09-12T21:30:00.000Z' },
});
const register = audited(registerTenant, ({ data }) => ({ action: 'tenant.register', object: data.id }));
const entitle = audited(entitleTenant, ({ data }) => ({ action: 'tenant.entitle', object: data.id }));
const tenants = async () =>
  (await listTenants({}, { sql })).data.map(({ id, entitlements }) => [id, entitlements.length]);
const POWER = { vendor: 'pw', asset_class: 'power', region: null };
const NUL = { ...STAFF, subject: 'ann\u0000' };

describe('a change of a tenant', () => {
  test('is one transaction with its event', async () => {
    const ports = site();
    await register({ body: { id: 'acme', name: 'Acme' } }, ports, STAFF);
    await entitle({ id: 'acme', body: { entitlements: [POWER] } }, ports, STAFF);
    expect(await tenants()).toEqual([['acme', 1]]);
    const events = await audit.list({ limit: 10 });
    expect(events.map(({ action, object }) => `${action} ${object}`)).toEqual([
      'tenant.entitle acme',
      'tenant.register acme',
    ]);
  });

  test('is not there when its event is not', async () => {
    const failing: AuditTrail = { ...audit, append: () => Promise.reject(new Error('the disk is full')) };
    const ports = { ...site(), audit: failing };
    const before = await tenants();
    const registered = register({ body: { id: 'late', name: 'Late' } }, ports, STAFF);
    await expect(registered).rejects.toThrow('the disk is full');
    const entitled = entitle({ id: 'acme', body: { entitlements: [] } }, ports, STAFF);
    await expect(entitled).rejects.toThrow('the disk is full');
    expect(await tenants()).toEqual(before);
  });

  test('has no event when it is not there', async () => {
    const before = await audit.list({ limit: 10 });
    const dying = site();
    const flow = audited(
      (_: object, ports: Parameters<typeof registerTenant>[1]) =>
        sql.transaction('aurum_admin', async (tx) => {
          const answer = { meta: { outcome: 'entitled' as const }, data: (await listed())[0]! };
          await ports.recordWithin?.(answer, tx);
          throw new Error('killed');
        }),
      () => ({ action: 'tenant.entitle', object: 'acme' }),
    );
    const listed = async () => [{ id: 'acme', name: 'Acme', created_at: '', entitlements: [] }];
    await expect(flow({}, dying, STAFF)).rejects.toThrow('killed');
    expect(await audit.list({ limit: 10 })).toEqual(before);
  });

  test('by somebody whom no trail can name is refused before anything is done', async () => {
    const ports = site();
    const before = await tenants();
    const asked = register({ body: { id: 'nul', name: 'N' } }, ports, NUL);
    await expect(asked).rejects.toMatchObject({ code: 'text_invalid' });
    expect(await tenants()).toEqual(before);
    for await (const { key } of ports.objects.list('')) throw new Error(`${key} was written`);
  });
});

describe('a decision on a workbook', () => {
  test('by somebody whom no trail can name is not kept', async () => {
    const ports = chainPorts();
    const version = await red(ports);
    const asked = decideQuarantine({ version, body: OVERRIDE }, ports, NUL);
    await expect(asked).rejects.toMatchObject({ code: 'text_invalid' });
    const body = { decision: 'approve', reason: 'checked' } as const;
    await expect(decideHotfix({ version, body }, ports, NUL)).rejects.toMatchObject({ code: 'text_invalid' });
    expect(await ports.objects.head(decisionKey(version, 'quarantine', 1))).toBeUndefined();
    const stated = await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
    expect(stated.meta.state).toBe('proposed');
  });

  test('that was kept with such a name is told of all the same, and holds nothing up', async () => {
    const ports = chainPorts();
    const version = await red(ports);
    await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
    const key = decisionKey(version, 'quarantine', 1);
    const kept = JSON.parse(Buffer.from((await ports.objects.get(key))!.body).toString());
    await ports.objects.put(key, JSON.stringify({ ...kept, subject: 'eve\u0000' }));
    const silent = { ...ports, audit: chainPorts().audit };
    await decideQuarantine({ version, body: APPROVE }, silent, by('bob'));
    expect((await applyDecisions(version, silent)).quarantine).toBe('approved');
    expect(await actions(silent)).toEqual(['quarantine.approve bob', 'quarantine.override eve\ufffd']);
  });
});
