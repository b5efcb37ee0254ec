/** The versioned lake in lakeFS, against the stand-in: the shared suite, and what only lakeFS brings. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lakefsLake } from '#lib/adapters/versioned-lake/lakefs.ts';
import { type LakefsOptions, lakefsClient } from '#lib/adapters/versioned-lake/lakefs-client.ts';
import {
  AT,
  commitVersion,
  objectsOf,
  versionedLakeCases,
  versionsOf,
} from '#tests/contract/versioned-lake/cases.ts';
import { ACCESS_KEY, type LakefsServer, SECRET_KEY, startLakefs } from '#tests/fixtures/lakefs/server.ts';

let server: LakefsServer;
let repositories = 0;
beforeAll(async () => {
  server = await startLakefs();
});
afterAll(() => server.close());

const optionsOf = (repository: string, given: Partial<LakefsOptions> = {}): LakefsOptions => ({
  endpoint: server.endpoint,
  access_key: ACCESS_KEY,
  secret_key: SECRET_KEY,
  repository,
  retry_delay_ms: 1,
  ...given,
});

async function fresh() {
  const options = optionsOf(`aurum-${++repositories}`);
  await lakefsClient(options).createRepository('s3://aurum/lakefs');
  return options;
}

describe('versioned lake in lakeFS', () => {
  versionedLakeCases(
    async () => {
      const options = await fresh();
      return () => lakefsLake(options);
    },
    { deliveries: 30 },
  );
});

describe('lakeFS', () => {
  let options: LakefsOptions;
  beforeEach(async () => {
    options = await fresh();
    server.faults.length = 0;
    server.gate = () => true;
  });
  const read = (path: string, ref = 'main') =>
    fetch(
      `${server.endpoint}/api/v1/repositories/${options.repository}/refs/${ref}/objects?path=${encodeURIComponent(path)}`,
      {
        headers: { Authorization: `Basic ${Buffer.from(`${ACCESS_KEY}:${SECRET_KEY}`).toString('base64')}` },
      },
    );

  test('holds a link for each object, and no branch of a finished version', async () => {
    await commitVersion(lakefsLake(options), 'main', 'v1');
    for (const object of objectsOf('v1'))
      expect(await (await read(`${object.key}.ref`)).json()).toEqual(object);
    const staging = server.requests
      .filter((request) => request.startsWith('DELETE '))
      .at(-1)!
      .split('/')
      .at(-1)!;
    expect(staging).toMatch(/^stage_[0-9a-f]{32}$/);
    expect((await read('x', staging)).status).toBe(404);
  });

  test('the repository is created once', async () => {
    expect(await lakefsClient(options).createRepository('s3://aurum/lakefs')).toBe('exists');
  });

  test('a version costs seven requests and one per object, its redelivery three, however long the history', async () => {
    const lake = lakefsLake(options);
    for (let index = 0; index < 20; index++) await commitVersion(lake, 'main', `v${index}`);
    const requestsOf = async (version: string) => {
      const before = server.requests.length;
      await commitVersion(lake, 'main', version);
      return server.requests.length - before;
    };
    expect(await requestsOf('new')).toBe(objectsOf('new').length + 7);
    expect(await requestsOf('new')).toBe(3);
  });

  test('a process that died at any request leaves what the next delivery finishes, once', async () => {
    let died = 0;
    for (let requests = 0; requests < 12; requests++) {
      options = await fresh();
      await lakefsLake(options).ensureBranch('eod_20250912', 'main');
      let left = requests;
      const dying = {
        ...options,
        get endpoint() {
          return left-- > 0 ? options.endpoint : 'http://127.0.0.1:9';
        },
      };
      await commitVersion(lakefsLake(dying), 'eod_20250912', 'v1').catch(() => died++);
      const lake = lakefsLake(options);
      await commitVersion(lake, 'eod_20250912', 'v1');
      expect(await versionsOf(lake, 'eod_20250912')).toEqual(['v1']);
      const branches = server.requests.filter((request) =>
        request.includes(`${options.repository}/branches/stage_`),
      );
      expect(branches.at(-1)).toMatch(/^DELETE /);
    }
    expect(died).toBeGreaterThan(6);
  });

  test('busy, locked and failing answers are tried again; what was done twice is done once', async () => {
    const lake = lakefsLake(options);
    server.faults.push(429, 500, 503, 423, 502);
    await lake.ensureBranch('eod_20250912', 'main');
    server.faults.push(...Array(9).fill(503));
    await expect(commitVersion(lake, 'eod_20250912', 'v1')).rejects.toMatchObject({
      kind: 'busy',
      code: 'lakefs_unavailable',
      remedy: expect.stringContaining('AURUM_LAKEFS_ENDPOINT'),
    });
    server.faults.length = 0;
    await commitVersion(lake, 'eod_20250912', 'v1');
    expect(await versionsOf(lake, 'eod_20250912')).toEqual(['v1']);
  });

  test('two branches that changed one object do not merge by themselves', async () => {
    const lake = lakefsLake(options);
    const [object] = objectsOf('v1');
    for (const [branch, etag] of [
      ['eod_20250912', 'a'],
      ['hotfix_1', 'b'],
    ] as const) {
      await lake.ensureBranch(branch, 'main');
      await lake.commit(branch, branch, { 'aurum.version': etag }, [{ ...object!, etag }], AT);
    }
    await lake.merge('eod_20250912', 'main', 'green', AT);
    await expect(lake.merge('hotfix_1', 'main', 'fix', AT)).rejects.toMatchObject({
      kind: 'refused',
      code: 'lake_merge_conflict',
    });
  });

  test('a later version of an object replaces the earlier on its branch', async () => {
    const lake = lakefsLake(options);
    const [object] = objectsOf('v1');
    const versions = ['a', 'b', 'c'];
    await Promise.all(
      versions.map((etag) =>
        lakefsLake(options).commit('main', etag, { 'aurum.version': etag }, [{ ...object!, etag }], AT),
      ),
    );
    expect([...(await versionsOf(lake, 'main'))].sort()).toEqual(versions);
  });

  test('a merge the gate stops lets nothing through', async () => {
    const lake = lakefsLake(options);
    await lake.ensureBranch('eod_20250912', 'main');
    await commitVersion(lake, 'eod_20250912', 'v1');
    server.gate = (source) => source !== 'eod_20250912';
    await expect(lake.merge('eod_20250912', 'main', 'red', AT)).rejects.toMatchObject({
      code: 'lake_merge_stopped',
    });
    expect(await versionsOf(lake, 'main')).toEqual([]);
  });

  test.each([
    ['a wrong key', { secret_key: 'canary' }, 'lakefs_unauthorised', 'AURUM_LAKEFS_ACCESS_KEY'],
    ['an unknown repository', { repository: 'nope' }, 'lakefs_repository_missing', 'AURUM_LAKEFS_REPO'],
    [
      'a server that is away',
      { endpoint: 'http://127.0.0.1:9' },
      'lakefs_unavailable',
      'AURUM_LAKEFS_ENDPOINT',
    ],
  ])('%s is named with its setting', async (_, given, code, setting) => {
    const lake = lakefsLake({ ...options, ...given });
    const failed = await lake.ensureBranch('eod_20250912', 'main').catch((error) => error);
    expect(failed).toMatchObject({ code, remedy: expect.stringContaining(setting) });
    expect(failed.message).not.toContain('canary');
  });
});
