/** What a store of contracts and valuations does on every engine; tenants and hashes are new in each run. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sqlPpa } from '#lib/adapters/ppa/sql.ts';
import type { StoredValuation } from '#lib/ports/ppa.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { ppaContract } from '#schemas/ppa-contract.ts';
import { ON_PEAK } from '#tests/fixtures/ppa.ts';

const hash = () => randomBytes(32).toString('hex');

async function freshTenant(sql: Sql): Promise<string> {
  const tenant = `t-${randomBytes(6).toString('hex')}`;
  await sql.transaction('aurum_admin', (tx) =>
    tx.query('INSERT INTO tenant (id, name) VALUES ($1, $1)', [tenant]),
  );
  return tenant;
}

const contract = (name: string) => ({
  contract_hash: hash(),
  terms: ppaContract.parse({ ...ON_PEAK, name }),
  created_by: 'ann',
});

const QUEUED: Omit<StoredValuation, 'valuation_hash'> = {
  state: 'queued',
  contract_id: null,
  contract: 'West',
  curve_key: 'a'.repeat(64),
  run_id: null,
  valuation_date: '2025-09-12',
  currency: 'USD',
  npv: null,
  provenance: {
    code_version: '1',
    reference: { source: 'given', curve_key: null, release: null, run: null },
    location: null,
  },
  error: null,
  created_at: '2025-09-12T21:30:00.001Z',
  finished_at: null,
  // Bytes that a database which reads numbers and sorts keys would not keep.
  inputs: '{"b":1e-7,"a":100.10,"c":-0}',
  output: null,
};
const DONE = {
  state: 'succeeded',
  npv: 0.1 + 0.2,
  output: '{"z":1.0,"a":5e-324}',
  finished_at: '2025-09-12T21:30:01.000Z',
} as const;

export function ppaStoreCases(name: string, open: () => Sql): void {
  describe(`${name}: contracts and valuations`, () => {
    test('the same terms are kept once', async () => {
      const store = sqlPpa(open());
      const tenant = await freshTenant(open());
      const west = contract('West');
      const kept = await store.keepContract(tenant, west);
      expect(await store.keepContract(tenant, { ...west, created_by: 'bob' })).toEqual(kept);
      expect(kept.terms).toEqual(west.terms);
      expect(await store.contract(tenant, kept.id)).toEqual(kept);
      expect(await store.contract(tenant, randomUUID())).toBeUndefined();
    });

    test('bytes of inputs and output are kept', async () => {
      const store = sqlPpa(open());
      const tenant = await freshTenant(open());
      const valuation: StoredValuation = { ...QUEUED, ...DONE, valuation_hash: hash() };
      expect(await store.keepValuation(tenant, valuation)).toEqual(valuation);
      expect(await store.valuation(tenant, valuation.valuation_hash)).toEqual(valuation);
    });

    test('what has succeeded stays; queued gives way to what comes of it, and what failed may be queued again', async () => {
      const store = sqlPpa(open());
      const tenant = await freshTenant(open());
      const queued: StoredValuation = { ...QUEUED, valuation_hash: hash() };
      const error = { code: 'x', message: 'y', field: null };
      const failed: StoredValuation = { ...queued, state: 'failed', error, finished_at: DONE.finished_at };
      const done: StoredValuation = { ...queued, ...DONE };
      expect(await store.keepValuation(tenant, queued)).toEqual(queued);
      expect(await store.keepValuation(tenant, failed)).toEqual(failed);
      expect(await store.keepValuation(tenant, queued)).toEqual(queued);
      const later = '2025-09-13T00:00:00.000Z';
      expect(await store.keepValuation(tenant, { ...done, created_at: later })).toEqual(done);
      for (const other of [queued, failed, { ...done, npv: 7, output: '{}' }]) {
        expect(await store.keepValuation(tenant, other)).toEqual(done);
      }
      expect(await store.valuation(tenant, queued.valuation_hash)).toEqual(done);
    });

    test('lists are newest first, page after page, and only what is asked for', async () => {
      const store = sqlPpa(open());
      const tenant = await freshTenant(open());
      const { id: contract_id } = await store.keepContract(tenant, contract('50% of West_1'));
      await store.keepContract(tenant, contract('East'));
      const valuations = Array.from(
        { length: 5 },
        (_, index): StoredValuation => ({
          ...QUEUED,
          ...(index === 0 ? { ...DONE, contract_id } : {}),
          valuation_hash: hash(),
          created_at: `2025-09-12T21:30:0${Math.floor(index / 2)}.000Z`,
        }),
      );
      for (const valuation of valuations) await store.keepValuation(tenant, valuation);
      const all = await store.valuations(tenant, {}, { limit: 10, after: undefined });
      const newest = valuations.toSorted((a, b) =>
        `${a.created_at}${a.valuation_hash}` < `${b.created_at}${b.valuation_hash}` ? 1 : -1,
      );
      expect(all.map(({ valuation_hash }) => valuation_hash)).toEqual(
        newest.map(({ valuation_hash }) => valuation_hash),
      );
      const { created_at, valuation_hash: id } = all[1]!;
      expect(await store.valuations(tenant, {}, { limit: 2, after: { created_at, id } })).toEqual(
        all.slice(2, 4),
      );
      const of = (filter: object) => store.valuations(tenant, filter, { limit: 10, after: undefined });
      expect(await of({ contract_id })).toEqual(await of({ state: 'succeeded' }));
      expect(await of({ contract_id })).toHaveLength(1);
      expect(await of({ run_id: randomUUID() })).toEqual([]);
      expect(await of({ curve_key: 'a'.repeat(64) })).toHaveLength(5);
      const named = (part: string) =>
        store.contracts(tenant, { name: part }, { limit: 10, after: undefined });
      expect((await named('% OF west_')).map((one) => one.name)).toEqual(['50% of West_1']);
      expect(await named('%')).toHaveLength(1);
    });

    test('of another tenant nothing is there, and what it has does not stand in the way', async () => {
      const store = sqlPpa(open());
      const [one, other] = [await freshTenant(open()), await freshTenant(open())];
      const west = contract('West');
      const kept = await store.keepContract(one, west);
      const valuation: StoredValuation = { ...QUEUED, ...DONE, valuation_hash: hash(), contract_id: kept.id };
      await store.keepValuation(one, valuation);
      const page = { limit: 10, after: undefined };
      expect(await store.contract(other, kept.id)).toBeUndefined();
      expect(await store.valuation(other, valuation.valuation_hash)).toBeUndefined();
      expect([await store.contracts(other, {}, page), await store.valuations(other, {}, page)]).toEqual([
        [],
        [],
      ]);
      expect((await store.keepContract(other, west)).id).not.toBe(kept.id);
      await store.keepValuation(other, { ...valuation, contract_id: null, npv: 7 });
      expect((await store.valuation(one, valuation.valuation_hash))?.npv).toBe(DONE.npv);
      // Its contract is none of theirs to refer to.
      await expect(store.keepValuation(other, { ...valuation, valuation_hash: hash() })).rejects.toThrow();
    });

    test('a tenant that is not set up is refused', async () => {
      const store = sqlPpa(open());
      await expect(store.requireTenant('nobody')).rejects.toMatchObject({ code: 'tenant_unknown' });
      await store.requireTenant('house');
    });
  });
}
