/** Contracts stored, valued on released curves, published, kept, replayed: over workbooks that went through the whole chain. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { type PpaRequest, ppaRequestTopic } from '#events/ppa-request.ts';
import { type PpaValued, ppaValuationTopic } from '#events/ppa-valuation.ts';
import type { Topic } from '#events/topic.ts';
import type { Caller } from '#lib/domain/access.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { keepValuation, valuationRows } from '#lib/flows/keep-valuation.ts';
import { listValuations, showValuation } from '#lib/flows/query-valuations.ts';
import { replayValuation } from '#lib/flows/replay-valuation.ts';
import { listContracts, showContract, storeContract } from '#lib/flows/store-contract.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { queueValuation, takeValuationRequest, valueContract } from '#lib/flows/value-contract.ts';
import { verifyValuations } from '#lib/flows/verify-valuations.ts';
import type { StoredRun } from '#lib/ports/scenarios.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import { ppaContract } from '#schemas/ppa.ts';
import {
  ppaReplayAnswer,
  ppaShowAnswer,
  ppaValuateAnswer,
  ppaValuateRequest,
  ppaValuationListAnswer,
  ppaValuationListQuery,
} from '#schemas/ppa-routes.ts';
import { memorySql, ON_PEAK, ppaPorts, RISK, WEST } from '#tests/fixtures/ppa.ts';
import { releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

const OLD = '2025-09-11';
const NEW = '2025-09-12';
let ports: ReturnType<typeof ppaPorts>;
beforeAll(async () => {
  const released = await releasedDays([
    { vendor: 'pw', day: OLD, seed: 1 },
    { vendor: 'pw', day: NEW, seed: 2 },
    { vendor: 'eugp', day: NEW },
  ]);
  ports = ppaPorts(released.ports, memorySql());
  await ports.sql.transaction('aurum_admin', (tx) =>
    tx.query("INSERT INTO tenant (id, name) VALUES ('acme', 'Acme')"),
  );
}, 60_000);
afterAll(() => ports.sql.close());

let names = 0;
/** Terms no other test values. */
const terms = (part: object = {}) => ({ ...ON_PEAK, name: `contract ${names++}`, ...part });
const asked = (part: object = {}) =>
  ppaValuateRequest.parse({ contract: terms(), market: { reference: WEST }, ...part });
const value = (part: object = {}, caller: Caller = STAFF) =>
  valueContract({ body: asked(part) }, ports, caller);
const queue = (part: object = {}, caller: Caller = STAFF) =>
  queueValuation({ body: asked(part) }, ports, caller);

async function recordsOf<Value>(topic: Topic<Value>): Promise<Value[]> {
  const records: Value[] = [];
  for await (const { value: record } of ports.bus.read(topic)) records.push(record);
  return records;
}
const last = async <Value>(topic: Topic<Value>) => (await recordsOf(topic)).at(-1)!;

describe('a contract', () => {
  test('is stored once per terms, and shown to its tenant alone', async () => {
    const body = ppaContract.parse(terms());
    const { data } = await storeContract({ body }, ports, STAFF);
    expect((await storeContract({ body }, ports, STAFF)).data).toEqual(data);
    expect((await showContract({ id: data.id }, ports, STAFF)).data.terms).toEqual(body);
    const listed = await listContracts({ name: body.name.toUpperCase(), limit: 10 }, ports, STAFF);
    expect(listed.data.map(({ id }) => id)).toEqual([data.id]);
    const other = showContract({ id: data.id }, ports, tenantWith());
    await expect(other).rejects.toMatchObject({ code: 'contract_not_found' });
  });

  test('of a tenant that is not set up is refused', async () => {
    const nobody = { ...tenantWith(), tenant: 'nobody' };
    const stored = storeContract({ body: ppaContract.parse(terms()) }, ports, nobody);
    await expect(stored).rejects.toMatchObject({ code: 'tenant_unknown' });
    await expect(value({}, { ...STAFF, tenant: 'nobody' })).rejects.toMatchObject({ code: 'tenant_unknown' });
  });
});

describe('a valuation', () => {
  test('says what it was made of, and its answer is what the schema says', async () => {
    const { meta, data } = ppaValuateAnswer.parse(await value());
    const [release] = (await ports.tables.releases('main')).filter(({ asof_date }) => asof_date === NEW);
    expect(meta).toMatchObject({ state: 'succeeded', valuation_date: NEW, npv: data.npv, contract_id: null });
    expect(meta.provenance).toMatchObject({
      code_version: 'test',
      reference: { release: { version: release!.version, lake_commit: release!.lake_commit } },
    });
    expect(data.inputs.reference_versions).not.toEqual([]);
    expect(data.cashflows).toHaveLength(24);
    expect(data.waterfall.at(-1)!.total).toBe(data.npv);
  });

  test('asked for again is the same one, byte for byte, whether it was stored or not', async () => {
    const request = { contract: terms(), options: { risk: RISK } };
    const first = await value(request);
    expect(JSON.stringify(await value(request))).toBe(JSON.stringify(first));
    const published = (await recordsOf(ppaValuationTopic)).filter(
      ({ valuation_hash }) => valuation_hash === first.meta.valuation_hash,
    );
    expect(published).toHaveLength(1);
    const { npv, ...elsewhere } = (
      await value(request, tenantWith({ vendor: 'pw', asset_class: null, region: null }))
    ).data;
    expect({ npv, ...elsewhere }).toEqual(first.data);
  });

  test('asked for at the same moment many times is one', async () => {
    const request = { contract: terms() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => value(request)));
    expect(new Set(answers.map(({ data }) => canonicalJson(data))).size).toBe(1);
    const { valuation_hash } = answers[0]!.meta;
    const published = await recordsOf(ppaValuationTopic);
    expect(published.filter((record) => record.valuation_hash === valuation_hash)).toHaveLength(1);
  });

  test('takes a stored contract as it takes its terms', async () => {
    const contract = terms();
    const { data: stored } = await storeContract({ body: ppaContract.parse(contract) }, ports, STAFF);
    const by_id = await valueContract(
      { body: ppaValuateRequest.parse({ contract_id: stored.id, market: { reference: WEST } }) },
      ports,
      STAFF,
    );
    expect(by_id.meta.contract_id).toBe(stored.id);
    expect((await value({ contract })).meta.valuation_hash).toBe(by_id.meta.valuation_hash);
    const query = ppaValuationListQuery.parse({ contract_id: stored.id });
    const listed = ppaValuationListAnswer.parse(await listValuations(query, ports, STAFF));
    expect(listed.data).toEqual([by_id.meta]);
  });

  test('is of the day, the version and the side that is asked for', async () => {
    const contract = terms();
    const of = async (part: object) =>
      (await value({ contract, valuation_date: NEW, market: { reference: { ...WEST, ...part } } })).meta;
    const newest = await of({});
    const old = await of({ asof: OLD });
    expect(old.provenance.reference.release?.asof_date).toBe(OLD);
    expect(old.npv).not.toBe(newest.npv);
    const { version } = old.provenance.reference.release!;
    expect((await of({ version })).valuation_hash).toBe(old.valuation_hash);
    expect((await of({ side: 'ask' })).npv).toBeGreaterThan((await of({ side: 'bid' })).npv!);
    await expect(of({ asof: OLD, version })).rejects.toMatchObject({ code: 'parameters_exclude' });
  });

  test('with its prices by hand needs a day', async () => {
    const reference = {
      source: 'given',
      block: 'ON_PEAK',
      currency: 'USD',
      per_unit: 'MWh',
      prices: prices(24),
    };
    await expect(value({ market: { reference } })).rejects.toMatchObject({
      code: 'valuation_date_missing',
      place: { field: 'valuation_date' },
    });
    const { meta } = await value({ valuation_date: NEW, market: { reference } });
    expect(meta).toMatchObject({
      curve_key: null,
      provenance: { reference: { source: 'given', release: null } },
    });
  });

  test('that would take long is not waited for', async () => {
    const long = value({ options: { risk: { ...RISK, paths: 1_000_000 } } });
    await expect(long).rejects.toMatchObject({ code: 'valuation_too_long' });
  });
});

/** Prices of months from 2026 on. */
const prices = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    month: `${2026 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01`,
    price: 50 + (index % 7),
  }));

describe('the curve', () => {
  const on = (part: object, caller?: Caller) =>
    value({ market: { reference: { source: 'curve', ...part } } }, caller);

  test('must be one: several are refused, each by name', async () => {
    const refused = await on({ iso: 'PJM' }).catch((error) => error);
    expect(refused).toMatchObject({ code: 'curve_ambiguous', place: { field: 'market.reference' } });
    expect(refused.message).toMatch(/^3 curves fit: .*PJM West .* of pw \([0-9a-f]{64}\)/);
  });

  test('is of the hours of the contract where the filter does not say', async () => {
    const { meta } = await value();
    const [row] = await ports.queries.slice({
      releases: await ports.tables.releases('main'),
      latest: true,
      entitlements: 'all',
      filter: { curve_key: meta.curve_key! },
      limit: 1,
    });
    expect(row).toMatchObject({ iso: 'PJM', market: 'West', block: 'ON_PEAK' });
    const off = on({ iso: 'PJM', market: 'West', block: 'OFF_PEAK' });
    await expect(off).rejects.toMatchObject({
      code: expect.stringMatching(/block_mismatch|curve_not_found/),
    });
  });

  test('that a tenant has not bought is not there', async () => {
    const bought = tenantWith({ vendor: 'eugp', asset_class: null, region: null });
    const curve_key = (await value()).meta.curve_key!;
    const hidden = await on({ curve_key }, bought).catch((error) => error);
    const absent = await on({ curve_key: '0'.repeat(64) }, bought).catch((error) => error);
    expect(hidden.code).toBe('curve_not_found');
    expect(hidden.detail()).toEqual(absent.detail());
  });

  test('without a price for a month is refused by the month, unless the months after it are asked for', async () => {
    const contract = terms({ end: '2040-12-31' });
    await expect(value({ contract })).rejects.toMatchObject({
      code: 'price_missing',
      message: expect.stringContaining('2040-12'),
    });
    const market = { reference: WEST, extrapolation: { kind: 'flat', repeat: 'same_month' } };
    const { data } = await value({ contract, market });
    expect(data.cashflows.at(-1)).toMatchObject({ month: '2040-12-01', extrapolated: true });
  });

  test('in another currency needs a rate', async () => {
    const contract = terms({ settlement_currency: 'EUR' });
    await expect(value({ contract })).rejects.toMatchObject({ code: 'conversion_missing' });
    const fx_rates = [{ base: 'USD', quote: 'EUR', rate: 0.5 }];
    const { data } = await value({ contract, market: { reference: WEST, fx_rates } });
    expect(data.currency).toBe('EUR');
  });
});

describe('a scenario run', () => {
  const run_id = '11111111-1111-4111-8111-111111111111';
  const scenario_id = '22222222-2222-4222-8222-222222222222';
  const run_hash = 'a'.repeat(64);
  /** A run of two curves, each month 10 above its base. */
  const withRun = async (): Promise<typeof ports> => {
    const rows = ['AEP', 'West'].flatMap((market, curve) =>
      prices(24).map(({ month, price }) => outputRow(market, `${curve}`.repeat(64), month, price)),
    );
    const name = { version: run_id, at: '2025-09-12T22:00:00.000Z' };
    const { key: data_file } = await ports.tables.stageRows('market.scenario_output', name, rows);
    const run = { run_id, scenario_id, run_hash, asof_date: NEW, data_file, state: 'succeeded', error: null };
    const get = async (tenant: string, id: string) =>
      tenant === 'house' && id === run_id ? (run as unknown as StoredRun) : undefined;
    return { ...ports, runs: { ...ports.runs, get } };
  };
  const outputRow = (market: string, curve_key: string, contract_month: string, base_price: number) => ({
    ...{
      run_id,
      tenant_id: 'house',
      scenario_id,
      scenario_hash: run_hash,
      run_hash,
      asof_date: NEW,
      curve_key,
    },
    ...{ asset_class: 'power', region: 'US', iso: 'PJM', location: null, market, product: null },
    ...{
      block: 'ON_PEAK',
      spark_location: null,
      currency: 'USD',
      per_unit: 'MWh',
      contract_month,
      base_price,
    },
    ...{ scenario_price: base_price + 10, delta: 10, attribution: '{}', bands: `{"p95":${base_price + 20}}` },
  });
  const on = async (part: object, caller: Caller = STAFF) => {
    const reference = { source: 'scenario', run_id, ...part };
    return valueContract({ body: asked({ market: { reference } }) }, await withRun(), caller);
  };

  test('gives its prices, its day and its hash', async () => {
    const { meta, data } = await on({ market: 'west' });
    expect(meta).toMatchObject({ run_id, valuation_date: NEW, curve_key: '1'.repeat(64) });
    expect(meta.provenance.reference).toMatchObject({ run: { run_hash, price: 'scenario' }, release: null });
    expect(data.inputs.scenario).toEqual({ scenario_id, run_id, version_hash: run_hash });
    expect(data.cashflows[0]!.reference_price).toBe(60);
    const of = async (price: string) =>
      (await on({ market: 'west', price })).data.cashflows[0]!.reference_price;
    expect([await of('base'), await of('p95')]).toEqual([50, 70]);
  });

  test('is refused where it says nothing of the kind, or is another tenant’s', async () => {
    await expect(on({})).rejects.toMatchObject({ code: 'curve_ambiguous' });
    await expect(on({ market: 'East' })).rejects.toMatchObject({ code: 'curve_not_found' });
    await expect(on({ market: 'West', price: 'p05' })).rejects.toMatchObject({
      code: 'scenario_band_not_found',
    });
    await expect(on({ market: 'West' }, tenantWith())).rejects.toMatchObject({
      code: 'run_not_found',
      place: { field: 'market.reference.run_id' },
    });
  });
});

describe('risk by volatilities estimated from released history', () => {
  const ESTIMATED = { options: { risk: { ...RISK, model: 'estimate' } } };
  /** The newest release of PW, and weekdays before it on which all its prices were others by moves of 2 % a day. */
  const withHistory = async (days: number): Promise<typeof ports> => {
    const all = await ports.tables.releases('main');
    const today = all.find(({ vendor, asof_date }) => vendor === 'pw' && asof_date === NEW)!;
    const releases = Array.from(
      { length: 2 * days },
      (_, back) => new Date(Date.parse(NEW) - back * 86_400_000),
    )
      .filter((date) => date.getUTCDay() % 6 !== 0)
      .slice(0, days)
      .map((date, back) => ({
        ...today,
        asof_date: date.toISOString().slice(0, 10),
        version: back === 0 ? today.version : `${today.version.slice(0, -3)}${String(back).padStart(3, '0')}`,
      }));
    let level = 0;
    // A wave that is no multiple of a day: as good as random, and the same each time.
    const levels = new Map(
      releases.map(({ asof_date }, back) => {
        level += back === 0 ? 0 : 0.02 * Math.SQRT2 * Math.sin(back * back);
        return [asof_date, level];
      }),
    );
    const slice: typeof ports.queries.slice = async (query) => {
      const rows = await ports.queries.slice({ ...query, releases: [today] });
      return query.releases.flatMap(({ asof_date }) =>
        rows.map((row) => ({ ...row, asof_date, value: row.value * Math.exp(-levels.get(asof_date)!) })),
      );
    };
    return {
      ...ports,
      tables: { ...ports.tables, releases: async () => releases },
      queries: { ...ports.queries, slice },
    };
  };

  test('is that of the model it says it found, with its errors; replayed without the history', async () => {
    const past = await withHistory(70);
    const contract = terms();
    const { meta, data } = ppaValuateAnswer.parse(
      await valueContract({ body: asked({ contract, ...ESTIMATED }) }, past, STAFF),
    );
    const found = meta.provenance.model!;
    expect(found).toMatchObject({ curve_key: meta.curve_key, vendor: 'pw', to: NEW, days: 70, moves: 69 });
    // 2 % a day on the clock of weekdays.
    expect(found.model.sigma_long).toBeGreaterThan(0.25);
    expect(found.model.sigma_long).toBeLessThan(0.4);
    expect(found.standard_errors.sigma_long).toBeGreaterThan(0);
    const { meta: shown } = ppaShowAnswer.parse(
      await showValuation({ hash: meta.valuation_hash }, ports, STAFF),
    );
    expect(shown.inputs.options.risk!.model).toEqual(found.model);
    const given = await value({ contract, options: { risk: { ...RISK, model: found.model } } });
    expect(given.data).toEqual(data);
    const again = await replayValuation({ hash: meta.valuation_hash }, ports, STAFF);
    expect(again.data).toMatchObject({ identical: true });
  });

  test('carries the units of the contract where the dynamics have some', async () => {
    const past = await withHistory(70);
    const found = async (part: object) => {
      const body = asked({
        ...part,
        options: { risk: { ...RISK, model: 'estimate', dynamics: { kind: 'normal' } } },
      });
      return (await valueContract({ body }, past, STAFF)).meta.provenance.model!.model.sigma_long;
    };
    const fx_rates = [{ base: 'USD', quote: 'EUR', rate: 0.5 }];
    const euros = await found({
      contract: terms({ settlement_currency: 'EUR' }),
      market: { reference: WEST, fx_rates },
    });
    expect(euros / (await found({}))).toBeCloseTo(0.5, 9);
  });

  test('is refused without one: of too few days, naming them, and of prices by hand', async () => {
    const short = valueContract({ body: asked(ESTIMATED) }, await withHistory(59), STAFF);
    await expect(short).rejects.toMatchObject({
      code: 'history_too_short',
      message: expect.stringContaining('59 days; 60 are needed'),
    });
    const reference = {
      source: 'given',
      block: 'ON_PEAK',
      currency: 'USD',
      per_unit: 'MWh',
      prices: prices(24),
    };
    const by_hand = value({ valuation_date: NEW, market: { reference }, ...ESTIMATED });
    await expect(by_hand).rejects.toMatchObject({
      code: 'model_history_missing',
      place: { field: 'options.risk.model' },
    });
  });
});

describe('a valuation that nobody waits for', () => {
  test('is queued, valued from its record, and is what it would have been at once', async () => {
    const request = { contract: terms(), options: { risk: RISK } };
    const { data: queued } = await queue(request);
    expect(queued).toMatchObject({ state: 'queued', npv: null });
    expect((await queue(request)).data).toEqual(queued);
    const records = await recordsOf(ppaRequestTopic);
    expect(records.filter(({ valuation_hash }) => valuation_hash === queued.valuation_hash)).toHaveLength(1);
    await takeValuationRequest(records.at(-1)!, ports);
    const hash = queued.valuation_hash;
    const shown = ppaShowAnswer.parse(await showValuation({ hash }, ports, STAFF));
    expect(shown.meta).toMatchObject({ state: 'succeeded', created_at: queued.created_at });
    const at_once = await value(request);
    expect(at_once.data).toEqual(shown.data);
    const record = await last(ppaValuationTopic);
    await takeValuationRequest(records.at(-1)!, ports);
    expect(await last(ppaValuationTopic)).toEqual(record);
  });

  test('is refused at once for what is wrong with it', async () => {
    const before = (await recordsOf(ppaRequestTopic)).length;
    const late = queue({ contract: terms({ end: '2040-12-31' }) });
    await expect(late).rejects.toMatchObject({ code: 'price_missing' });
    expect(await recordsOf(ppaRequestTopic)).toHaveLength(before);
  });

  test('that fails says why, raises an alert, leaves no figures, and may be asked for again', async () => {
    const simulator = { ...ports.simulator, run: () => Promise.reject(new Error('a thread was lost')) };
    const request = { contract: terms(), options: { risk: RISK } };
    const { data: queued } = await queue(request);
    const valued = (await recordsOf(ppaValuationTopic)).length;
    await takeValuationRequest(await last(ppaRequestTopic), { ...ports, simulator });
    const hash = queued.valuation_hash;
    const { meta, data } = await showValuation({ hash }, ports, STAFF);
    expect(meta).toMatchObject({ state: 'failed', npv: null, error: { code: 'internal_error' } });
    expect(data).toBeNull();
    expect(await recordsOf(ppaValuationTopic)).toHaveLength(valued);
    expect(await last(alertTopic)).toMatchObject({ code: 'ppa_valuation_failed', source: hash });
    await expect(replayValuation({ hash }, ports, STAFF)).rejects.toMatchObject({
      code: 'valuation_unfinished_conflict',
    });
    const { data: again } = await queue(request);
    expect(again.state).toBe('queued');
    await takeValuationRequest(await last(ppaRequestTopic), ports);
    expect((await showValuation({ hash }, ports, STAFF)).meta).toMatchObject({
      state: 'succeeded',
      error: null,
    });
  });

  const forged: [string, (record: PpaRequest) => Partial<PpaRequest>, string][] = [
    ['inputs its hash is not of', () => ({ valuation_hash: '0'.repeat(64) }), 'valuation_hash_mismatch'],
    ['inputs that are none', () => ({ inputs: '{}' }), 'ppa_request_invalid'],
    ['no JSON', () => ({ inputs: '{{' }), 'ppa_request_invalid'],
    ['a tenant that is not there', () => ({ tenant_id: 'nobody' }), 'tenant_unknown'],
    [
      'a contract that is not there',
      () => ({ contract_id: '00000000-0000-4000-8000-000000000000' }),
      'contract_not_found',
    ],
  ];
  test.each(forged)('from a record with %s raises an alert and holds up nobody', async (_, change, code) => {
    await queue();
    const record = await last(ppaRequestTopic);
    const requested_at = new Date(Date.parse(record.requested_at) + names++).toISOString();
    await takeValuationRequest({ ...record, ...change(record), requested_at }, ports);
    expect((await last(alertTopic)).message).toContain(`(${code})`);
  });
});

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
    const { key } = await ports.tables.stageRows('market.ppa_valuation', name, rows);
    const stored = await ports.tables.readRows('market.ppa_valuation', key);
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
    await keepValuation({ ...record, ...change }, ports);
    expect(await ports.tables.head('main')).toEqual(head);
    expect((await last(alertTopic)).code).toBe('ppa_valuation_unreadable');
  });
});

describe('a replay', () => {
  test('of every stored valuation gives the stored bytes', async () => {
    const query = ppaValuationListQuery.parse({ state: 'succeeded', limit: 1_000 });
    const { data } = await listValuations(query, ports, STAFF);
    expect(data.length).toBeGreaterThan(10);
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
    expect(answer.data).toMatchObject({
      identical: false,
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
  const tenant = tenantWith({ vendor: 'pw', asset_class: null, region: null });
  const theirs = (await downstream(reference.release!.version, tenant))!;
  expect(theirs.map((one) => one.valuation_hash)).not.toContain(valuation_hash);
  expect(await downstream(reference.release!.version, { ...STAFF, roles: ['ops'] })).toBeUndefined();
});

describe('the list', () => {
  test('goes on where the page before ended, newest first, each once', async () => {
    const { data: all } = await listValuations(ppaValuationListQuery.parse({}), ports, STAFF);
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
    const own = ppaPorts(ports, memorySql());
    await own.sql.transaction('aurum_admin', (tx) =>
      tx.query("INSERT INTO tenant (id, name) VALUES ('acme', 'Acme')"),
    );
    const acme = tenantWith({ vendor: 'pw', asset_class: null, region: null });
    const values = [
      await valueContract({ body: asked() }, own, acme),
      await valueContract({ body: asked() }, own, STAFF),
      await valueContract({ body: asked({ options: { risk: RISK } }) }, own, STAFF),
    ];
    return { own, hashes: values.map(({ meta }) => meta.valuation_hash) };
  };
  const spoil = (own: typeof ports, tenant: string, hash: string, set: string) =>
    own.sql.transaction(
      'aurum_api',
      (tx) => tx.query(`UPDATE ppa_valuation SET ${set} WHERE valuation_hash = $1`, [hash]),
      tenant,
    );

  test('makes each of every tenant again, and names the first that is not the same bytes', async () => {
    const { own, hashes } = await proofPorts();
    const { bytes, ...proof } = await verifyValuations(own);
    expect(proof).toEqual({ tenants: 2, valuations: 3, different: 0, first_difference: null });
    expect(bytes).toBeGreaterThan(10_000);
    await spoil(own, 'house', hashes[2]!, "output = jsonb_set(output::jsonb, '{npv}', '1')::json");
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
