/** A run whose process dies between any two effects, asked for and delivered again. */
import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { Crash, crashing } from '#tests/fixtures/crash.ts';
import {
  asked,
  carbon,
  created,
  growth,
  PJM_WEST,
  runAll,
  type ScenarioStores,
  scenarioPorts,
  scenarioSite,
} from '#tests/fixtures/scenario-site.ts';

let site: Awaited<ReturnType<typeof scenarioSite>>;
beforeAll(async () => {
  site = await scenarioSite();
}, 60_000);
afterAll(() => site.close());

const stop = (): never => {
  throw new Crash();
};

/** Every object, every record and what is known of the run, but for how often it was begun. */
async function state({ objects, bus, sql }: ScenarioStores) {
  const content: Record<string, string> = {};
  for await (const { key } of objects.list(''))
    content[key] = hash('sha256', (await objects.get(key))!.body, 'hex');
  const records: unknown[] = [];
  for (const topic of [scenarioRequestTopic, scenarioOutputTopic, alertTopic]) {
    for await (const { position, value } of bus.read(topic as typeof alertTopic))
      records.push([topic.name, position, value]);
  }
  const query = `SELECT to_jsonb(r) - 'tries' AS run FROM model_run r ORDER BY id`;
  const runs = await sql.transaction('aurum_api', (tx) => tx.query(query), 'house');
  return { content, records: hash('sha256', JSON.stringify(records), 'hex'), count: records.length, runs };
}

const isEnded = async ({ sql }: ScenarioStores) => {
  const query = `SELECT 1 FROM model_run WHERE state IN ('succeeded', 'failed')`;
  return (await sql.transaction('aurum_api', (tx) => tx.query(query), 'house')).length > 0;
};

test.each([
  ['a run', PJM_WEST, 14, 'succeeded'],
  ['a run that fails', { ...PJM_WEST, contract_to: '2090-12' }, 8, 'failed'],
])(
  '%s ends as undisturbed, wherever it was stopped',
  async (name, request, least, end) => {
    const undisturbed = await site.copy();
    const { id } = await created(scenarioPorts(undisturbed), name, [carbon(20), growth]);
    const whole = async (stores: ScenarioStores) => {
      const ports = scenarioPorts(stores);
      await asked(ports, id, request);
      await runAll(ports);
    };
    await whole(undisturbed);
    const wanted = await state(undisturbed);
    expect(wanted.runs).toMatchObject([{ run: { state: end } }]);

    let stopped = 0;
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at++) {
        const held = await site.copy();
        await site.forgetRuns();
        const outcome = await whole(crashing(held, { at, when, stop })).then(
          () => 'done',
          (error: unknown) => error,
        );
        if (outcome === 'done') break;
        expect(outcome).toBeInstanceOf(Crash);
        stopped += 1;
        // What was published is delivered again; what was not is asked for again.
        if ((await runAll(scenarioPorts(held))).length === 0 && !(await isEnded(held))) await whole(held);
        expect(await state(held), `stopped ${when} effect ${at}`).toEqual(wanted);
      }
    }
    await site.forgetRuns();
    expect(stopped).toBeGreaterThanOrEqual(2 * least);
  },
  120_000,
);
