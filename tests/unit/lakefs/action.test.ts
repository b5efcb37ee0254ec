/** The action lakeFS runs before a merge: one it understands, without a secret, and the answer it gets decides. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { lakefsLake } from '#lib/adapters/versioned-lake/lakefs.ts';
import { hookText, prepareRepository } from '#lib/adapters/versioned-lake/lakefs-bootstrap.ts';
import { checkLakeMerge } from '#lib/flows/check-lake-merge.ts';
import { gateResultKey } from '#lib/flows/stage-keys.ts';
import { ACCESS_KEY, type LakefsServer, SECRET_KEY, startLakefs } from '#tests/fixtures/lakefs/server.ts';
import { gateOf } from './gate-of.ts';

const URL = 'https://gate.example/hooks/lakefs/pre-merge';

/** As lakeFS documents it; unknown keys are refused there too. */
const action = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  on: z.strictObject({ 'pre-merge': z.strictObject({ branches: z.array(z.string()).min(1) }) }),
  hooks: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[_a-zA-Z][-_a-zA-Z0-9]{1,255}$/),
        type: z.literal('webhook'),
        description: z.string(),
        properties: z.strictObject({
          url: z.url(),
          timeout: z.string().regex(/^\d+(ms|s|m)$/),
          headers: z.record(z.string(), z.string()),
        }),
      }),
    )
    .min(1),
});

let server: LakefsServer;
beforeAll(async () => {
  server = await startLakefs();
});
afterAll(() => server.close());

const options = () => ({
  endpoint: server.endpoint,
  access_key: ACCESS_KEY,
  secret_key: SECRET_KEY,
  repository: 'aurum',
  storage_namespace: 's3://aurum/lakefs',
});

test('the gate stands before main', () => {
  const { on, hooks } = action.parse(parse(hookText(URL)));
  expect(on['pre-merge'].branches).toEqual(['main']);
  expect(hooks[0]!.properties).toMatchObject({
    url: URL,
    headers: { Authorization: 'Bearer {{ ENV.AURUM_EVENT_TOKEN }}' },
  });
});

test('bootstrap makes repository and hook once, and says when no hook is wanted', async () => {
  const hook = '_lakefs_actions/curve-gate.yaml';
  expect(await prepareRepository({ ...options(), hook_url: undefined })).toEqual([
    'repository aurum created',
    'no hook: set AURUM_LAKEFS_HOOK_URL to have lakeFS ask the gate before it merges',
  ]);
  for (const state of ['committed', 'was there'])
    expect(await prepareRepository({ ...options(), hook_url: URL })).toEqual([
      'repository aurum was there',
      `hook ${hook} ${state}, asks ${URL}`,
    ]);
});

test('a merge passes when the gate of every version it brings is green, and stops for red and for none', async () => {
  const objects = memoryObjectStore();
  const lake = lakefsLake(options());
  const asked: unknown[] = [];
  server.gate = async (source_ref) => {
    const request = { event_type: 'pre-merge' as const, branch_id: 'main', source_ref };
    try {
      asked.push((await checkLakeMerge({ body: request }, { lake, objects })).data);
      return true;
    } catch (error) {
      asked.push((error as { code: string }).code);
      return false;
    }
  };
  const [green, red] = ['20250912-00000000000000aa', '20250912-00000000000000bb'];
  const at = '2025-09-12T22:00:00.000Z';
  const deliver = async (branch: string, version: string) => {
    await lake.ensureBranch(branch, 'main');
    await lake.commit(branch, version, { 'aurum.version': version }, [], at);
    return lake.merge(branch, 'main', 'merge', at);
  };
  await objects.put(gateResultKey(green), JSON.stringify(gateOf(green, 'green')));
  await deliver('eod_20250912', green);
  await expect(deliver('eod_20250913', red)).rejects.toMatchObject({ code: 'lake_merge_stopped' });
  await objects.put(gateResultKey(red), JSON.stringify(gateOf(red, 'red')));
  await expect(deliver('eod_20250913', red)).rejects.toMatchObject({ code: 'lake_merge_stopped' });
  expect(asked).toEqual([[green], 'gate_conflict', 'gate_conflict']);
  expect(await lake.versionsToMerge('eod_20250913', 'main')).toEqual([red]);
});
