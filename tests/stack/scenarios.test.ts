/**
 * Scenarios on the real services: asked for over HTTP, the request in Kafka, the run woken as a KafkaSource wakes it, its
 * rows in Iceberg and on Kafka, its record in PostgreSQL, and the same numbers from the API and from Trino.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import type { ScenarioOutput } from '#schemas/scenario-run.ts';
import type { HostProcess } from '#tests/fixtures/host-process.ts';
import type { Person } from '#tests/fixtures/people.ts';
import { carbon, growth } from '#tests/fixtures/scenario-site.ts';
import { absent, ownDay, SEED, type StackSite, stackSite, wake, whyAbsent } from './site.ts';

const DAY = ownDay(2040);
const QUINN: Person = ['quinn', 'analyst'];

describe.skipIf(absent)(`scenarios on real services${whyAbsent}`, () => {
  let site: StackSite;
  let server: HostProcess;

  beforeAll(async () => {
    site = await stackSite('scenarios');
    await site.release('pw', DAY, SEED);
    server = await site.serve('scenario');
  }, 240_000);
  afterAll(() => site?.close(), 60_000);

  const call = (path: string, sent?: object) => site.call(server, QUINN, path, sent);
  const runRequested = () => wake(server, 'run-scenario', scenarioRequestTopic.name);

  test('a run asked for is in Iceberg, on Kafka and in the API with the same numbers, once', async () => {
    const name = `Stack ${DAY} ${process.pid}`;
    const { id } = (await call('/v1/scenarios', { name, assumptions: [carbon(20), growth] })).data;
    const model = { sigma_short: 0.6, reversion_short: 1.5, sigma_long: 0.15, correlation: 0.2 };
    const request = {
      asof: DAY,
      curves: { iso: 'PJM', market: 'West' },
      seed: Number.MAX_SAFE_INTEGER,
      bands: { model, paths: 2_000 },
    };
    const queued = (await call(`/v1/scenarios/${id}/run`, request)).data;
    expect(queued).toMatchObject({ state: 'queued' });
    const { run_id } = queued;
    await runRequested();
    await runRequested();
    expect((await call(`/v1/scenarios/runs/${run_id}`)).data).toMatchObject({
      state: 'succeeded',
      seed: request.seed,
    });
    const { data: rows } = (await call(`/v1/scenarios/runs/${run_id}/outputs?limit=10000`)) as {
      data: ScenarioOutput[];
    };
    expect(rows.length).toBeGreaterThan(100);

    const published: ScenarioOutput[] = [];
    for await (const { value } of site.platform.bus.read(scenarioOutputTopic)) {
      if (value.run_id === run_id) published.push(value);
    }
    expect(published).toEqual(rows);

    const text = `SELECT curve_key, CAST(contract_month AS varchar), scenario_price, attribution, bands
        FROM scenario_output WHERE run_id = '${run_id}' ORDER BY curve_key, contract_month`;
    const found = await site.trino(text);
    expect(
      found.map(([curve_key, month, price, attribution, bands]) => [
        curve_key,
        month,
        price,
        JSON.parse(String(attribution)),
        JSON.parse(String(bands)),
      ]),
    ).toEqual(
      rows.map((row) => [row.curve_key, row.contract_month, row.scenario_price, row.attribution, row.bands]),
    );
    const again = (await call(`/v1/scenarios/${id}/run`, request)).data;
    expect(again).toMatchObject({ run_id, state: 'succeeded', attempt: 1 });
  }, 180_000);
});
