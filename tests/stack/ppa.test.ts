/**
 * PPAs on the real services: a contract in PostgreSQL, valued at once over HTTP and by a request in Kafka that wakes the
 * function as a KafkaSource does, its months in Iceberg with the same numbers by Trino, and made again to the same bytes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import type { Topic } from '#events/topic.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { type PpaValuation, ppaCashflow } from '#schemas/ppa-valuation.ts';
import type { HostProcess } from '#tests/fixtures/host-process.ts';
import type { Person } from '#tests/fixtures/people.ts';
import { ON_PEAK, RISK, WEST } from '#tests/fixtures/ppa.ts';
import { absent, ownDay, SEED, type StackSite, stackSite, wake, whyAbsent } from './site.ts';

const DAY = ownDay(2050);
const YEAR = Number(DAY.slice(0, 4)) + 1;
const QUINN: Person = ['quinn', 'analyst'];

describe.skipIf(absent)(`PPAs on real services${whyAbsent}`, () => {
  const terms = {
    ...ON_PEAK,
    name: `Stack ${DAY} ${process.pid}`,
    start: `${YEAR}-01-01`,
    end: `${YEAR}-12-31`,
  };
  const market = { reference: { ...WEST, asof: DAY } };
  let site: StackSite;
  let server: HostProcess;

  beforeAll(async () => {
    site = await stackSite('ppa');
    await site.release('pw', DAY, SEED);
    server = await site.serve('scenario');
  }, 240_000);
  afterAll(() => site?.close(), 60_000);

  const call = (path: string, sent?: object) => site.call(server, QUINN, path, sent);
  const value = () => wake(server, 'ppa-value-requests', ppaRequestTopic.name);
  const keep = () => wake(server, 'ppa-keep-valuations', ppaValuationTopic.name);

  async function recordsOf<Value extends { readonly valuation_hash: string }>(
    topic: Topic<Value>,
    hash: string,
  ): Promise<Value[]> {
    const found: Value[] = [];
    for await (const { value: record } of site.platform.bus.read(topic)) {
      if (record.valuation_hash === hash) found.push(record);
    }
    return found;
  }

  /** Every column of the valuation's rows that a cashflow has, as Trino reads them. */
  async function cashflowsInTrino(hash: string): Promise<unknown[]> {
    const { month: _, ...columns } = ppaCashflow.shape;
    const names = Object.keys(columns);
    const texts = names.map((name) => (name.endsWith('_date') ? `CAST(${name} AS varchar)` : name));
    const rows =
      await site.trino(`SELECT CAST(contract_month AS varchar), ${texts.join(', ')} FROM ppa_valuation
          WHERE valuation_hash = '${hash}' ORDER BY contract_month`);
    return rows.map(([month, ...values]) =>
      Object.fromEntries([['month', month], ...names.map((name, at) => [name, values[at]])]),
    );
  }

  async function replayed(hash: string) {
    const { meta, data } = await call(`/v1/ppa/valuations/${hash}/replay`);
    expect(data).toMatchObject({ identical: true, differences: [] });
    expect(meta.code_version.replayed).toBe(meta.code_version.stored);
    return data.bytes as number;
  }

  test('a stored contract valued at once is in PostgreSQL, on Kafka and in Iceberg with the same numbers, once', async () => {
    const { data: contract } = await call('/v1/ppa/contracts', terms);
    const stored = await site.platform.sql.transaction(
      'aurum_api',
      (tx) => tx.query('SELECT contract_hash, terms FROM ppa_contract WHERE id = $1', [contract.id]),
      'house',
    );
    expect(stored).toEqual([{ contract_hash: contract.contract_hash, terms: contract.terms }]);

    const request = { contract_id: contract.id, market };
    const { meta, data } = (await call('/v1/ppa/valuate', request)) as {
      meta: { valuation_hash: string; contract_id: string };
      data: PpaValuation;
    };
    const hash = meta.valuation_hash;
    expect(meta).toMatchObject({ state: 'succeeded', contract_id: contract.id, valuation_date: DAY });
    expect(data.cashflows).toHaveLength(12);
    expect((await call('/v1/ppa/valuate', request)).data).toEqual(data);
    const records = await recordsOf(ppaValuationTopic, hash);
    expect(records.map(({ valuation }) => valuation)).toEqual([canonicalJson(data)]);

    await keep();
    await keep();
    expect(await cashflowsInTrino(hash)).toEqual(data.cashflows);
    expect(await replayed(hash)).toBe(Buffer.byteLength(canonicalJson(data)));
  }, 180_000);

  test('one that nobody waits for goes through Kafka and ends as it would have at once', async () => {
    const request = {
      contract: { ...terms, name: `${terms.name} queued` },
      market,
      options: { risk: RISK },
    };
    const { data: queued } = await call('/v1/ppa/valuations', request);
    const hash = queued.valuation_hash as string;
    expect(queued).toMatchObject({ state: 'queued', npv: null });
    expect(await recordsOf(ppaRequestTopic, hash)).toHaveLength(1);

    await value();
    await value();
    await keep();
    const shown = await call(`/v1/ppa/valuations/${hash}`);
    expect(shown.meta).toMatchObject({ state: 'succeeded', created_at: queued.created_at });
    expect((await call('/v1/ppa/valuate', request)).data).toEqual(shown.data);
    expect(await recordsOf(ppaValuationTopic, hash)).toHaveLength(1);
    expect(await cashflowsInTrino(hash)).toEqual(shown.data.cashflows);
    expect(shown.data.risk.paths).toBe(RISK.paths);
    await replayed(hash);
  }, 180_000);
});
