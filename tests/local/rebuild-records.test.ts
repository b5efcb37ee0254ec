/** What tenants registered, asked for and were told, after the database is lost, on local stores. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { audited } from '#lib/flows/audit.ts';
import { keepValuation } from '#lib/flows/keep-valuation.ts';
import { listValuations } from '#lib/flows/query-valuations.ts';
import { requestRun } from '#lib/flows/request-run.ts';
import { runRequested } from '#lib/flows/run-scenario.ts';
import { runOutputs } from '#lib/flows/scenario-outputs.ts';
import { cancelRun, listRuns } from '#lib/flows/scenario-runs.ts';
import { createScenario, listScenarios, showScenario } from '#lib/flows/scenarios.ts';
import { listContracts, storeContract } from '#lib/flows/store-contract.ts';
import { entitleTenant, listTenants, registerTenant } from '#lib/flows/tenants.ts';
import { valueContract } from '#lib/flows/value-contract.ts';
import { anchorAudit, verifyAudit } from '#lib/flows/verify-audit.ts';
import { verifyValuations } from '#lib/flows/verify-valuations.ts';
import { command as rebuildCommand } from '#lib/runtime/cli/commands/rebuild.ts';
import { command as verifyCommand } from '#lib/runtime/cli/commands/verify.ts';
import { ppaContract } from '#schemas/ppa-contract.ts';
import { ppaContractListQuery, ppaValuateRequest, ppaValuationListQuery } from '#schemas/ppa-routes.ts';
import { scenarioCreate, scenarioListQuery } from '#schemas/scenario.ts';
import { scenarioOutputQuery, scenarioRunListQuery, scenarioRunRequest } from '#schemas/scenario-run.ts';
import { type LocalStores, localStores } from '#tests/fixtures/local-stores.ts';
import { ON_PEAK, RISK, WEST } from '#tests/fixtures/ppa.ts';
import { DAY, listed } from '#tests/fixtures/rebuild-site.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { carbon, PJM_WEST } from '#tests/fixtures/scenario-site.ts';

type Ports = Awaited<ReturnType<LocalStores['open']>>;
const TOM = { ...STAFF, subject: 'tom', tenant: 'acme' };

let stores: LocalStores;
let before: Awaited<ReturnType<typeof seen>>;
let waiting: string;
beforeAll(async () => {
  stores = await localStores();
  const ports = await stores.open();
  await stores.deliver(ports, 'pw', DAY);
  waiting = await makeRecords(ports);
  before = await seen(ports);
  await ports.close();
});
afterAll(() => stores.close());

const register = audited(registerTenant, ({ data }) => ({ action: 'tenant.register', object: data.id }));
const entitle = audited(entitleTenant, ({ data }) => ({ action: 'tenant.entitle', object: data.id }));
const create = audited(createScenario, ({ data }) => ({ action: 'scenario.save', object: data.id }));
const ask = audited(requestRun, ({ data }) => ({ action: 'scenario.run', object: data.run_id }));
const cancel = audited(cancelRun, ({ data }) => ({ action: 'scenario.cancel', object: data.run_id }));
const store = audited(storeContract, ({ data }) => ({ action: 'ppa.contract', object: data.id }));

/** As the API and its workers would. @returns a run that nobody took up */
async function makeRecords(ports: Ports): Promise<string> {
  await register({ body: { id: 'acme', name: 'Acme' } }, ports, STAFF);
  const vendor = (name: string) => ({ vendor: name, asset_class: null, region: null });
  await entitle({ id: 'acme', body: { entitlements: [vendor('eugp')] } }, ports, STAFF);
  await entitle({ id: 'acme', body: { entitlements: [vendor('pw')] } }, ports, STAFF);
  const save = (change: number) =>
    create({ body: scenarioCreate.parse({ name: 'Carbon', assumptions: [carbon(change)] }) }, ports, TOM);
  await save(20);
  const { data: scenario } = await save(30);
  const run = (contract_to: string) =>
    ask({ id: scenario.id, body: scenarioRunRequest.parse({ ...PJM_WEST, contract_to }) }, ports, TOM);
  const called_off = (await run('2026-10')).data.run_id;
  await cancel({ run_id: called_off }, ports, TOM);
  await run('2026-12');
  await ports.bus.drain(scenarioRequestTopic, 'run-scenario', async ({ value }) => {
    await runRequested(value, ports);
  });
  const { data: contract } = await store({ body: ppaContract.parse(ON_PEAK) }, ports, TOM);
  const asked = {
    contract_id: contract.id,
    market: { reference: WEST },
    options: { risk: { ...RISK, paths: 1_000 } },
  };
  await valueContract({ body: ppaValuateRequest.parse(asked) }, ports, TOM);
  await ports.bus.drain(ppaValuationTopic, 'ppa-keep-valuations', ({ value }) => keepValuation(value, ports));
  const left = (await run('2026-11')).data.run_id;
  await anchorAudit(ports);
  return left;
}

/** All that the tenant sees of its own. */
async function seen(ports: Ports) {
  const { data: scenarios } = await listScenarios(scenarioListQuery.parse({}), ports, TOM);
  const { data: runs } = await listRuns(scenarioRunListQuery.parse({}), ports, TOM);
  const done = runs.find(({ state }) => state === 'succeeded');
  return {
    tenants: (await listTenants({}, ports)).data,
    scenarios,
    first_version: (await showScenario({ id: scenarios[0]!.id, version: 1 }, ports, TOM)).data,
    runs: runs.map(({ table_commit: _, ...run }) => run),
    outputs: done && (await runOutputs(scenarioOutputQuery.parse({ run_id: done.run_id }), ports, TOM)).data,
    contracts: (await listContracts(ppaContractListQuery.parse({}), ports, TOM)).data,
    valuations: (await listValuations(ppaValuationListQuery.parse({}), ports, TOM)).data,
    trail: (await verifyAudit(ports)).end,
  };
}

async function seenAgain() {
  const ports = await stores.open();
  try {
    return { now: await seen(ports), proof: await verifyValuations(ports) };
  } finally {
    await ports.close();
  }
}

/** A run that was waiting is listed as one that failed. */
function withoutEnd({ runs, ...rest }: typeof before) {
  return { ...rest, runs: runs.filter(({ run_id }) => run_id !== waiting) };
}

const interrupted = { what: expect.any(String), reason: expect.stringContaining('its end was not kept') };

async function empty(prefixes: RegExp): Promise<void> {
  const ports = await stores.open();
  for (const key of await listed(ports.objects, '')) if (prefixes.test(key)) await ports.objects.delete(key);
  await ports.close();
}

test('the database and the log lost: all that was kept in the bucket is there again', async () => {
  expect(before.outputs!.length).toBeGreaterThan(10);
  stores.lose('postgres');
  stores.lose('events');
  const report = await stores.aurum(rebuildCommand, { operational: 'yes' });
  expect(report.lines[0]).toMatchObject({
    restored: { tenant: 1, scenario: 1, contract: 1, run: 3, valuation: 1, audit_event: 10 },
    failed: [{ ...interrupted, what: `run ${waiting}` }],
  });
  expect(report.code).toBe(1);
  const { now, proof } = await seenAgain();
  expect(withoutEnd(now)).toEqual(withoutEnd(before));
  expect(now.runs.find(({ run_id }) => run_id === waiting)).toMatchObject({
    state: 'failed',
    error: { code: 'run_interrupted' },
  });
  expect(proof).toMatchObject({ valuations: 1, different: 0 });
  expect((await stores.aurum(verifyCommand)).code).toBe(0);
});

test('a rebuild once more restores nothing and changes nothing', async () => {
  const again = await stores.aurum(rebuildCommand, { operational: 'yes' });
  const none = { tenant: 0, scenario: 0, contract: 0, run: 0, valuation: 0, audit_event: 0 };
  expect(again.lines[0]).toMatchObject({ restored: none });
  expect(withoutEnd((await seenAgain()).now)).toEqual(withoutEnd(before));
});

test('the tables lost, too: outputs come from the event log, valuations from what was kept', async () => {
  await empty(/^(catalog|curated|lake)\//);
  stores.lose('postgres');
  const report = await stores.aurum(rebuildCommand);
  expect(report.lines[0]).toMatchObject({ restored: { run: 3, valuation: 1 }, lost: [] });
  const { now, proof } = await seenAgain();
  expect(withoutEnd(now)).toEqual(withoutEnd(before));
  expect(proof).toMatchObject({ valuations: 1, different: 0 });
});

test('the log lost with them: what cannot be restored is named, and the run may be asked for again', async () => {
  await empty(/^(catalog|curated|lake)\//);
  stores.lose('postgres');
  stores.lose('events');
  const report = await stores.aurum(rebuildCommand);
  expect(report.code).toBe(1);
  const done = before.runs.find(({ state }) => state === 'succeeded')!;
  const { now, proof } = await seenAgain();
  expect(report.lines[0]).toMatchObject({
    failed: expect.arrayContaining([
      { what: `output of run ${done.run_id}`, reason: expect.stringContaining('neither in the bucket') },
    ]),
  });
  expect(report.messages).toContain(`output of run ${done.run_id}: its rows are neither`);
  expect(now.runs.find(({ run_id }) => run_id === done.run_id)).toMatchObject({
    state: 'failed',
    error: { code: 'run_output_lost', remedy: 'Ask for the run again.' },
  });
  expect(proof).toMatchObject({ valuations: 1, different: 0 });
});
