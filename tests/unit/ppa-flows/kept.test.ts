/** Valuations once they are made: their table, replay, lineage and list, and the proof of all of them. */
import { afterAll, describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { type PpaValued, ppaValuationTopic } from '#events/ppa-valuation.ts';
import type { Caller } from '#lib/domain/access.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { keepValuation, valuationRows } from '#lib/flows/keep-valuation.ts';
import { listValuations, showValuation } from '#lib/flows/query-valuations.ts';
import { replayValuation } from '#lib/flows/replay-valuation.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { valueContract } from '#lib/flows/value-contract.ts';
import { verifyValuations } from '#lib/flows/verify-valuations.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import { ppaReplayAnswer, ppaValuationListQuery } from '#schemas/ppa-routes.ts';
import { RISK, WEST } from '#tests/fixtures/ppa.ts';
import { STAFF, tenantWith } from '#tests/fixtures/released-days.ts';
import {
  asked,
  BUYER,
  BY_HAND,
  NEW,
  OLD,
  terms,
  type ValuationPorts,
  valuationPorts,
  valuationSite,
} from './site.ts';

const { ports, value, recordsOf, last } = await valuationSite();
afterAll(() => ports.sql.close());

describe('the table', () => {
  test('gets a row per delivery month in one commit, however often the record comes', async () => {
    const { meta, data } = await value();
    const record = await last(ppaValuationTopic);
    const released = await ports.tables.releases('main');
    await keepValuation(record, ports);
    const head = await ports.tables.head('main');
    await keepValuation(record, ports);
    expect(await ports.tables.head('main')).toEqual(head);
    expect(await ports.tables.releases('main')).toEqual(released);
    const rows = valuationRows(record);
    const { finished_at } = record;
    const name = { version: `house-${meta.valuation_hash}`, at: finished_at };
    const file = await ports.tables.stageRows('market.ppa_valuation', name, rows);
    expect(await ports.tables.holds(file, head!)).toBe(true);
    const stored = await ports.tables.readRows('market.ppa_valuation', file.key);
    expect(stored).toEqual(rows);
    expect(stored.map(({ contract_month }) => contract_month)).toEqual(
      data.cashflows.map(({ month }) => month),
    );
    const whole = JSON.parse(stored[0]!.valuation!);
    expect(whole.valuation).toEqual(data);
    expect(canonicalJson(whole)).toBe(stored[0]!.valuation);
  });

  test('of a record whose publisher died keeps the valuation for its tenant', async () => {
    await value();
    const { tenant_id, ...record } = await last(ppaValuationTopic);
    await keepValuation({ ...record, tenant_id: 'acme' }, ports);
    const hash = record.valuation_hash;
    const { meta } = await showValuation({ hash }, ports, tenantWith());
    expect(meta).toMatchObject({ state: 'succeeded', npv: record.npv });
    expect((await replayValuation({ hash }, ports, tenantWith())).data.identical).toBe(true);
  });

  const foreign: [string, Partial<PpaValued>][] = [
    ['no valuation', { valuation: '{}' }],
    ['a tenant that is not there', { tenant_id: 'nobody' }],
  ];
  test.each(foreign)('is left alone by a record with %s', async (_, change) => {
    await value();
    const record = await last(ppaValuationTopic);
    const head = await ports.tables.head('main');
    const alerts = (await recordsOf(alertTopic)).length;
    await keepValuation({ ...record, ...change }, ports);
    expect(await ports.tables.head('main')).toEqual(head);
    expect((await recordsOf(alertTopic)).slice(alerts)).toMatchObject([{ code: 'ppa_valuation_unreadable' }]);
  });
});

describe('a replay', () => {
  /** A valuation of each kind: on a curve, beyond its end, in another currency, by hand; with risk and without. */
  const KINDS = [
    {},
    { options: { risk: RISK } },
    {
      contract: terms({ end: '2040-12-31' }),
      market: { reference: WEST, extrapolation: { kind: 'flat', repeat: 'same_month' } },
    },
    {
      contract: terms({ settlement_currency: 'EUR' }),
      market: { reference: WEST, fx_rates: [{ base: 'USD', quote: 'EUR', rate: 0.5 }] },
    },
    { market: { reference: { ...WEST, side: 'ask' } } },
    { market: { reference: { ...WEST, asof: OLD } } },
    { market: { reference: BY_HAND }, valuation_date: NEW, options: { risk: RISK } },
  ];

  test('of every stored valuation gives the stored bytes', async () => {
    for (const part of KINDS) await value(part);
    const query = ppaValuationListQuery.parse({ state: 'succeeded', limit: 1_000 });
    const { data } = await listValuations(query, ports, STAFF);
    expect(data.length).toBeGreaterThanOrEqual(KINDS.length);
    for (const { valuation_hash: hash } of data) {
      const answer = ppaReplayAnswer.parse(await replayValuation({ hash }, ports, STAFF));
      expect(answer.data).toMatchObject({ identical: true, difference_count: 0, differences: [] });
    }
  });

  test('names the places where it differs', async () => {
    const { meta, data } = await value();
    const { valuation_hash: hash } = meta;
    const [first, ...rest] = data.cashflows;
    const changed = { ...data, npv: 1, cashflows: [{ ...first!, pv: 2 }, ...rest] };
    const output = canonicalJson(changed);
    const stored = { ...(await ports.ppa.valuation('house', hash))!, output };
    const ppa = { ...ports.ppa, valuation: async () => stored };
    const answer = await replayValuation({ hash }, { ...ports, ppa }, STAFF);
    const later = await replayValuation({ hash }, { ...ports, ppa, code_version: 'later' }, STAFF);
    expect(ppaReplayAnswer.parse(later)).toMatchObject({
      meta: { code_version: { stored: 'test', replayed: 'later' } },
      data: { identical: false, made_by_another_version: true, difference_count: 2 },
    });
    expect(answer.data).toMatchObject({
      identical: false,
      made_by_another_version: false,
      difference_count: 2,
      differences: [
        { path: 'cashflows.0.pv', stored: '2' },
        { path: 'npv', stored: '1', replayed: JSON.stringify(data.npv) },
      ],
    });
  });
});

test('the lineage of a price names the valuations on it, of its tenant alone', async () => {
  const { meta } = await value();
  const { reference } = meta.provenance;
  const place = { curve_key: reference.curve_key!, tenor_type: 'MONTHLY', contract_month: '2026-03' };
  const downstream = async (version: string, caller: Caller) => {
    const { data } = await traceLineage(lineageQuery.parse({ ...place, version }), ports, caller);
    return data[0]!.downstream.valuations;
  };
  const { valuation_hash, contract, valuation_date } = meta;
  const named = await downstream(reference.release!.version, STAFF);
  expect(named).toContainEqual({ valuation_hash, contract, valuation_date });
  const [first] = await ports.tables.releases('main');
  const old = (await downstream(first!.version, STAFF))!;
  expect(old.map((one) => one.valuation_hash)).not.toContain(valuation_hash);
  const theirs = (await downstream(reference.release!.version, BUYER))!;
  expect(theirs.map((one) => one.valuation_hash)).not.toContain(valuation_hash);
  expect(await downstream(reference.release!.version, { ...STAFF, roles: ['ops'] })).toBeUndefined();
});

describe('the list', () => {
  test('goes on where the page before ended, newest first, each once', async () => {
    const made: string[] = [];
    for (let count = 0; count < 9; count++) made.push((await value()).meta.valuation_hash);
    const { data: all } = await listValuations(ppaValuationListQuery.parse({}), ports, STAFF);
    expect(all.map(({ valuation_hash }) => valuation_hash)).toEqual(expect.arrayContaining(made));
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listValuations(ppaValuationListQuery.parse({ limit: 4, cursor }), ports, STAFF);
      paged.push(...page.data.map(({ valuation_hash }) => valuation_hash));
      cursor = page.meta.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(all.map(({ valuation_hash }) => valuation_hash));
    expect(new Set(paged).size).toBe(paged.length);
    const times = all.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted().reverse());
  });
});

describe('the proof of all stored valuations', () => {
  /** Stores with two valuations of one tenant and one of another; nothing of the other tests. */
  const proofPorts = async () => {
    const own = await valuationPorts(ports);
    const values = [
      await valueContract({ body: asked() }, own, BUYER),
      await valueContract({ body: asked() }, own, STAFF),
      await valueContract({ body: asked({ options: { risk: RISK } }) }, own, STAFF),
    ];
    return { own, hashes: values.map(({ meta }) => meta.valuation_hash) };
  };
  const spoil = (own: ValuationPorts, tenant: string, hash: string, set: string) =>
    own.sql.transaction(
      'aurum_api',
      (tx) => tx.query(`UPDATE ppa_valuation SET ${set} WHERE valuation_hash = $1`, [hash]),
      tenant,
    );

  test('makes each of every tenant again, and names the first that is not the same bytes', async () => {
    const { own, hashes } = await proofPorts();
    const { bytes, ...proof } = await verifyValuations(own);
    expect(proof).toEqual({
      ...{ tenants: 2, valuations: 3, different: 0 },
      ...{ of_another_version: 0, first_difference: null },
    });
    expect(bytes).toBeGreaterThan(10_000);
    await spoil(own, 'house', hashes[2]!, "output = jsonb_set(output::jsonb, '{npv}', '1')::json");
    expect(await verifyValuations({ ...own, code_version: 'later' })).toMatchObject({
      ...{ different: 0, of_another_version: 1, first_difference: null },
    });
    expect(await verifyValuations(own)).toMatchObject({
      different: 1,
      first_difference: {
        tenant: 'house',
        valuation_hash: hashes[2],
        reason: expect.stringMatching(/^npv, 1 in all$/),
      },
    });
    await spoil(
      own,
      'acme',
      hashes[0]!,
      "inputs = jsonb_set(inputs::jsonb, '{contract,price,strike}', '56')::json",
    );
    expect(await verifyValuations(own)).toMatchObject({
      different: 2,
      first_difference: { tenant: 'acme', reason: expect.stringContaining('its inputs are those of') },
    });
    await spoil(own, 'acme', hashes[0]!, `inputs = '{}'`);
    expect((await verifyValuations(own)).first_difference!.reason).toContain('it cannot be made again');
    await own.sql.close();
  });

  test('notices values kept in other bytes', async () => {
    const { own, hashes } = await proofPorts();
    await spoil(own, 'house', hashes[1]!, "output = (output::text || ' ')::json");
    expect((await verifyValuations(own)).first_difference).toMatchObject({
      valuation_hash: hashes[1],
      reason: 'the same values in other bytes',
    });
    await own.sql.close();
  });
});
