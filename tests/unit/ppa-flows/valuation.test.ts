/** Contracts stored and valued on released curves, at once or from their record: over workbooks of the whole chain. */
import { afterAll, describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { type PpaRequest, ppaRequestTopic } from '#events/ppa-request.ts';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { listValuations, showValuation } from '#lib/flows/query-valuations.ts';
import { replayValuation } from '#lib/flows/replay-valuation.ts';
import { listContracts, showContract, storeContract } from '#lib/flows/store-contract.ts';
import { takeValuationRequest, valueContract } from '#lib/flows/value-contract.ts';
import { ppaContract } from '#schemas/ppa-contract.ts';
import {
  ppaShowAnswer,
  ppaValuateAnswer,
  ppaValuateRequest,
  ppaValuationListAnswer,
  ppaValuationListQuery,
} from '#schemas/ppa-routes.ts';
import { RISK, WEST } from '#tests/fixtures/ppa.ts';
import { STAFF, tenantWith } from '#tests/fixtures/released-days.ts';
import { BUYER, BY_HAND, NEW, OLD, terms, valuationSite } from './site.ts';

const { ports, value, queue, recordsOf, last } = await valuationSite();
afterAll(() => ports.sql.close());

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
    const elsewhere = await value(request, BUYER);
    expect(elsewhere.data).toEqual(first.data);
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
    await expect(value({ market: { reference: BY_HAND } })).rejects.toMatchObject({
      code: 'valuation_date_missing',
      place: { field: 'valuation_date' },
    });
    const { meta } = await value({ valuation_date: NEW, market: { reference: BY_HAND } });
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
    const alerts = (await recordsOf(alertTopic)).length;
    // Each at a time of its own: an alert of what was told already is not told again.
    const requested_at = new Date(Date.parse(record.requested_at) + alerts).toISOString();
    await takeValuationRequest({ ...record, ...change(record), requested_at }, ports);
    const [alert, ...more] = (await recordsOf(alertTopic)).slice(alerts);
    expect(alert!.message).toContain(`(${code})`);
    expect(more).toEqual([]);
  });
});
