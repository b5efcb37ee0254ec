/** What the tests of scenarios and runs look at: records, objects, rows and refusals over a site of one released day. */
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import type { Topic } from '#events/topic.ts';
import type { Caller } from '#lib/domain/access.ts';
import type { AurumError } from '#lib/domain/errors.ts';
import { runOutputs } from '#lib/flows/scenario-outputs.ts';
import { showRun } from '#lib/flows/scenario-runs.ts';
import { RECORDS } from '#lib/flows/tenant-records.ts';
import { scenarioOutputQuery } from '#schemas/scenario-run.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { PJM_WEST, type ScenarioPorts } from '#tests/fixtures/scenario-site.ts';

let count = 0;
/** A name nobody else has: the database is shared. */
export const named = () => `scenario ${++count}`;
export const member = (tenant: string, entitlements: Caller['entitlements'] = []): Caller => ({
  subject: 'tom',
  roles: ['tenant'],
  tenant,
  entitlements,
});

export async function records<Value>(ports: ScenarioPorts, topic: Topic<Value>): Promise<Value[]> {
  const found: Value[] = [];
  for await (const { value } of ports.bus.read(topic)) found.push(value);
  return found;
}
export const outputRecords = (ports: ScenarioPorts) => records(ports, scenarioOutputTopic);

/** Of all objects but the records that say how a run ended: what it made. */
export async function keys(ports: ScenarioPorts): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of ports.objects.list('')) if (!key.startsWith(RECORDS)) found.push(key);
  return found;
}

export const rowsOf = async (ports: ScenarioPorts, run_id: string, part: object = {}) =>
  runOutputs(scenarioOutputQuery.parse({ run_id, limit: '10000', ...part }), ports, STAFF);
export const stateOf = async (ports: ScenarioPorts, run_id: string) =>
  (await showRun({ run_id }, ports, STAFF)).data;
export const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: AurumError) => error.detail(),
  );

export const MODEL = { sigma_short: 0.6, reversion_short: 1.5, sigma_long: 0.15, correlation: 0.2 };
export const BANDED = { ...PJM_WEST, bands: { model: MODEL, paths: 2_000, levels: [0.05, 0.5, 0.95] } };
