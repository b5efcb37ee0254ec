/** PPAs as a desk uses them: over HTTP and the command line, as `npm start` serves them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import type { Role } from '#lib/domain/access.ts';
import { operationalDdl } from '#lib/runtime/compose.ts';
import { auditAnswer } from '#schemas/audit.ts';
import {
  ppaContractAnswer,
  ppaContractListAnswer,
  ppaQueuedAnswer,
  ppaReplayAnswer,
  ppaShowAnswer,
  ppaValuateAnswer,
  ppaValuationListAnswer,
} from '#schemas/ppa-routes.ts';
import { ON_PEAK, RISK, WEST } from '#tests/fixtures/ppa.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';
import { run } from '../unit/cli/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-ppa-'));
const home = join(folder, 'home');
let site: Started;
beforeAll(async () => {
  site = await start(home, await sitePorts(), ['--as-of', '2025-09-12']);
}, 90_000);
afterAll(async () => {
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function post(path: string, body: unknown, role: Role = 'analyst', tenant?: string): Promise<Response> {
  const authorization = `Bearer ${await testToken(home, role, tenant)}`;
  const headers = { authorization, 'content-type': 'application/json' };
  return fetch(`${site.api}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function answer<Schema extends z.ZodType>(
  response: Promise<Response>,
  status: number,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { status: given, body } = await response.then(async (one) => ({
    status: one.status,
    body: await one.json(),
  }));
  expect({ given, body: given === status ? undefined : body }).toEqual({ given: status });
  return schema.parse(body);
}

async function problem(response: Promise<Response>): Promise<readonly unknown[]> {
  const given = await response;
  const { code, field } = (await given.json()) as { code: string; field?: string };
  return [given.status, code, field];
}

const market = { reference: WEST };

test('a contract is stored, valued on a curve, listed, shown and replayed to the same bytes', async () => {
  const { data: contract } = await answer(post('/v1/ppa/contracts', ON_PEAK), 201, ppaContractAnswer);
  const { data: contracts } = await answer(
    site.get('/v1/ppa/contracts', 'analyst'),
    200,
    ppaContractListAnswer,
  );
  expect(contracts.map(({ id }) => id)).toEqual([contract.id]);
  const shown = await answer(site.get(`/v1/ppa/contracts/${contract.id}`, 'analyst'), 200, ppaContractAnswer);
  expect(shown.data).toEqual(contract);
  const request = { contract_id: contract.id, market, options: { risk: RISK } };
  const first = await (await post('/v1/ppa/valuate', request)).text();
  expect(await (await post('/v1/ppa/valuate', request)).text()).toBe(first);
  const { meta, data } = ppaValuateAnswer.parse(JSON.parse(first));
  expect(meta).toMatchObject({ valuation_date: '2025-09-12', contract_id: contract.id, npv: data.npv });
  const listed = await answer(
    site.get(`/v1/ppa/valuations?contract_id=${contract.id}`, 'analyst'),
    200,
    ppaValuationListAnswer,
  );
  expect(listed.data).toEqual([meta]);
  const path = `/v1/ppa/valuations/${meta.valuation_hash}`;
  const { meta: whole, data: again } = await answer(site.get(path, 'analyst'), 200, ppaShowAnswer);
  expect([whole.inputs.contract.name, again]).toEqual([ON_PEAK.name, data]);
  const replayed = await answer(site.get(`${path}/replay`, 'analyst'), 200, ppaReplayAnswer);
  expect(replayed.data).toMatchObject({ identical: true, differences: [] });
});

test('contracts and valuations that were asked for stand in the audit trail once', async () => {
  const contract = { ...ON_PEAK, name: 'audited' };
  const { data: stored } = await answer(post('/v1/ppa/contracts', contract), 201, ppaContractAnswer);
  const request = { contract_id: stored.id, market };
  const { meta } = await answer(post('/v1/ppa/valuate', request), 200, ppaValuateAnswer);
  await answer(post('/v1/ppa/valuations', request), 202, ppaQueuedAnswer);
  const eventsOf = async (object: string) =>
    auditAnswer.parse(await (await site.get(`/v1/audit?object=${object}`, 'admin')).json()).data;
  expect(await eventsOf(stored.id)).toMatchObject([{ action: 'ppa.contract', subject: 'analyst@test' }]);
  expect(await eventsOf(meta.valuation_hash)).toMatchObject([
    { action: 'ppa.value', tenant: 'house', details: { contract_id: stored.id, contract: 'audited' } },
  ]);
});

test('a tenant sees its own valuations, and values on what it has bought alone', async () => {
  await post('/v1/tenants', { id: 'acme', name: 'Acme' }, 'admin');
  const request = { contract: { ...ON_PEAK, name: 'bought' }, market };
  const { meta } = await answer(post('/v1/ppa/valuate', request), 200, ppaValuateAnswer);
  const hash = meta.valuation_hash;
  expect((await site.get(`/v1/ppa/valuations/${hash}`, 'tenant', 'acme')).status).toBe(404);
  const unseen = [404, 'curve_not_found', 'market.reference'];
  expect(await problem(post('/v1/ppa/valuate', request, 'tenant', 'acme'))).toEqual(unseen);
  const reference = { source: 'curve', curve_key: meta.curve_key };
  const by_key = { ...request, market: { reference } };
  expect(await problem(post('/v1/ppa/valuate', by_key, 'tenant', 'acme'))).toEqual(unseen);
  const entitlements = [{ vendor: 'pw', asset_class: 'power', region: null }];
  await post('/v1/tenants/acme/entitlements', { entitlements }, 'admin');
  const valued = await eventually(
    () => post('/v1/ppa/valuate', by_key, 'tenant', 'acme'),
    ({ status }) => status !== 404,
  );
  expect(ppaValuateAnswer.parse(await valued.json()).meta.valuation_hash).toBe(hash);
  expect((await site.get(`/v1/ppa/valuations/${hash}`, 'tenant', 'acme')).status).toBe(200);
});

test('a valuation asked for through the log is made, published and written to the table', async () => {
  const contract = { ...ON_PEAK, name: 'nobody waits' };
  const request = { contract, market, options: { risk: { ...RISK, paths: 2_000 } } };
  const { data: queued } = await answer(post('/v1/ppa/valuations', request), 202, ppaQueuedAnswer);
  const path = `/v1/ppa/valuations/${queued.valuation_hash}`;
  const { meta, data } = await eventually(
    async () => ppaShowAnswer.parse(await (await site.get(path, 'analyst')).json()),
    (shown) => shown.meta.state !== 'queued',
  );
  expect(meta.error).toBeNull();
  const at_once = await answer(post('/v1/ppa/valuate', request), 200, ppaValuateAnswer);
  expect(at_once.data).toEqual(data);
  const published: string[] = [];
  for await (const { value } of logEventBus({ dir: join(home, 'events') }).read(ppaValuationTopic))
    published.push(value.valuation_hash);
  expect(published.filter((hash) => hash === queued.valuation_hash)).toHaveLength(1);
});

test('what is wrong is one coded error with its field', async () => {
  const value = (part: object, role?: Role, tenant?: string) =>
    problem(post('/v1/ppa/valuate', { contract: ON_PEAK, market, ...part }, role, tenant));
  const on = (reference: object) => value({ market: { reference: { source: 'curve', ...reference } } });
  expect(await on({ iso: 'PJM' })).toEqual([400, 'curve_ambiguous', 'market.reference']);
  expect(await on({ curve_key: '0'.repeat(64) })).toEqual([404, 'curve_not_found', 'market.reference']);
  expect(await on({ iso: 'PJM', colour: 'red' })).toEqual([400, 'body_invalid', 'market.reference.colour']);
  const long = { ...ON_PEAK, end: '2060-12-31' };
  expect(await value({ contract: long })).toEqual([400, 'price_missing', 'market.reference.prices']);
  const impossible = { ...ON_PEAK, price: { kind: 'collar', floor: 60, cap: 50 } };
  expect(await value({ contract: impossible })).toEqual([400, 'body_invalid', 'contract.price.floor']);
  expect(await value({ contract: { ...ON_PEAK, calendar: 'MARS' } })).toEqual([
    400,
    'calendar_unknown',
    'contract.calendar',
  ]);
  expect(await value({ contract_id: '00000000-0000-4000-8000-000000000000' })).toEqual([
    400,
    'body_invalid',
    'contract',
  ]);
  expect((await value({}, 'ops'))[0]).toBe(403);
  expect(await value({}, 'tenant', 'nobody')).toEqual([403, 'tenant_forbidden', undefined]);
  expect(await problem(site.get(`/v1/ppa/valuations/${'0'.repeat(64)}`, 'analyst'))).toEqual([
    404,
    'valuation_not_found',
    'hash',
  ]);
});

test('the command line values on a stored curve, lists and replays', async () => {
  const file = join(folder, 'contract.json');
  writeFileSync(file, JSON.stringify({ contract: { ...ON_PEAK, name: 'by hand' }, market }));
  const environment = Object.fromEntries(
    Object.entries(site.env).map(([name, value]) => [name, value ?? '']),
  );
  const aurum = (...argv: string[]) => run(['ppa', ...argv], { environment });
  const valued = await aurum('value', file, '--format', 'json');
  expect([valued.code, valued.told]).toEqual([0, '']);
  const { valuation_hash } = JSON.parse(valued.out);
  expect((await aurum('valuations')).out).toContain(valuation_hash);
  const replayed = await aurum('replay', valuation_hash);
  expect([replayed.code, replayed.told]).toEqual([
    0,
    expect.stringMatching(/^[\d,]+ bytes, all the same\n$/),
  ]);
  const added = await aurum('add', file);
  expect((await aurum('contracts')).out).toContain(added.out.trim());
  const absent = await aurum('value', file, '--curve', '0'.repeat(64));
  expect([absent.code, absent.told]).toEqual([2, expect.stringContaining('(curve_not_found)')]);
});

test('all stored valuations of all tenants are made again to the same bytes; one that differs is named', async () => {
  const environment = Object.fromEntries(
    Object.entries(site.env).map(([name, value]) => [name, value ?? '']),
  );
  const replay = () => run(['ppa', 'replay', '--all'], { environment });
  const good = await replay();
  expect([good.code, good.told]).toEqual([
    0,
    expect.stringMatching(/^\d valuations, [\d,]+ bytes: all the same\n$/),
  ]);
  // The server has the database of the folder for itself: `verify` asks it.
  const verified = await run(['verify'], { environment });
  expect([verified.code, verified.told]).toEqual([
    0,
    expect.stringMatching(/PPA valuations: \d valuations, [\d,]+ bytes: all the same\n/),
  ]);
  expect(verified.told).not.toContain('NOT PROVED');
  await site.stop();
  const sql = pgliteSql({ dir: join(home, 'postgres'), ddl: operationalDdl() });
  const hashes = await sql.transaction(
    'aurum_api',
    (tx) =>
      tx.query<{ valuation_hash: string }>(
        "UPDATE ppa_valuation SET output = jsonb_set(output::jsonb, '{npv}', '1')::json RETURNING valuation_hash",
      ),
    'acme',
  );
  await sql.close();
  site = await start(home, await sitePorts(), ['--as-of', '2025-09-12']);
  Object.assign(environment, site.env);
  const bad = await replay();
  expect([bad.code, bad.told]).toEqual([
    2,
    expect.stringContaining(`: 1 DIFFER, first ${hashes[0]!.valuation_hash} of tenant acme: npv\n`),
  ]);
}, 120_000);
