/** What Nessie's answers are taken for, against a server in this process that says what it is told to. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { nessieClient } from '#lib/adapters/tables/nessie-client.ts';

const COMMIT = 'a'.repeat(64);

describe('nessie', () => {
  let server: Server | undefined;
  const asked: { method: string; url: string; body: string; authorization: string | undefined }[] = [];
  afterEach(() => {
    asked.length = 0;
    server?.closeAllConnections();
    server?.close();
  });

  async function answering(...answers: readonly ({ status?: number; body: string } | undefined)[]) {
    const left = [...answers];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = '', url = '', headers } = request;
      asked.push({
        method,
        url,
        body: Buffer.concat(chunks).toString(),
        authorization: headers.authorization,
      });
      const said = left.length > 1 ? left.shift() : left[0];
      if (said !== undefined) response.writeHead(said.status ?? 200).end(said.body);
    });
    await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
    const nessie_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return nessieClient({ nessie_url, warehouse: 'aurum', token: 'secret', timeout_ms: 200 });
  }

  test('snapshot ids of 63 bits keep every digit, both ways', async () => {
    const nessie = await answering({
      body: `{"contents":[{"key":{"elements":["market"]},"content":{"type":"NAMESPACE","elements":["market"]}},
        {"key":{"elements":["market","curve_release"]},"content":{"type":"ICEBERG_TABLE","metadataLocation":"s3://b/m.json","snapshotId":4654270778472443951}}],
        "effectiveReference":{"type":"DETACHED","hash":"${COMMIT}"}}`,
    });
    const at = await nessie.contents({ commit: COMMIT }, ['market', 'market.curve_release']);
    expect(at?.tables.get('market.curve_release')?.snapshot_id).toBe(4654270778472443951n);
    expect(at?.namespaces).toEqual(new Set(['market']));
    await nessie.commitTables('eod', COMMIT, [{ 'snapshot-id': 9223372036854775807n }]);
    expect(asked[1]?.body).toBe('{"table-changes":[{"snapshot-id":9223372036854775807}]}');
    expect(asked[1]?.url).toBe(`/iceberg/v1/eod%40${COMMIT}%7Caurum/transactions/commit`);
    expect(asked[1]?.authorization).toBe('Bearer secret');
  });

  test('409 is a conflict where one can be, and an error elsewhere', async () => {
    const nessie = await answering({ status: 409, body: '{}' });
    expect(await nessie.assign('main', COMMIT, COMMIT)).toBe('conflict');
    expect(await nessie.commitTables('eod', COMMIT, [])).toBe('conflict');
    expect(await nessie.create('TAG', 'release-2025-09-12', COMMIT)).toBe('exists');
    await expect(nessie.head('main')).rejects.toMatchObject({ kind: 'fault', code: 'nessie_refused' });
  });

  test('what cannot be a commit is never asked for', async () => {
    const nessie = await answering({ body: '{}' });
    for (const commit of ['no-such', '', '../main', `${COMMIT}?x`, COMMIT.toUpperCase()]) {
      await expect(nessie.contents({ commit }, [])).rejects.toMatchObject({ code: 'commit_unknown' });
      await expect(nessie.create('TAG', 'x', commit)).rejects.toMatchObject({ kind: 'refused' });
    }
    expect(await nessie.list('TAG', "x') || true || ref.name.startsWith('")).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('references come from all pages, by name', async () => {
    const page = (names: string[], more: boolean) => ({
      body: JSON.stringify({
        references: names.map((name) => ({ type: 'TAG', name, hash: COMMIT })),
        hasMore: more,
        token: more ? 'abc' : null,
      }),
    });
    const nessie = await answering(page(['release-b', 'release-c'], true), page(['release-a'], false));
    expect((await nessie.list('TAG', 'release-')).map(({ name }) => name)).toEqual([
      'release-a',
      'release-b',
      'release-c',
    ]);
    expect(new URLSearchParams(asked[1]!.url.split('?')[1]).get('page-token')).toBe('abc');
  });

  test.each([
    [401, 'nessie_unauthorised', 'fault'],
    [403, 'nessie_unauthorised', 'fault'],
    [400, 'nessie_refused', 'fault'],
    [429, 'nessie_failed', 'busy'],
    [502, 'nessie_failed', 'busy'],
  ])('status %i is %s', async (status, code, kind) => {
    const nessie = await answering({ status, body: 'why' });
    const expected = { code, kind, message: expect.stringContaining('why') };
    await expect(nessie.commitTables('eod', COMMIT, [])).rejects.toMatchObject(expected);
  });

  test('a token that is said back by whoever answers goes no further', async () => {
    const nessie = await answering({ status: 502, body: 'headers: authorization: Bearer secret' });
    await expect(nessie.head('main')).rejects.toMatchObject({
      message: expect.stringMatching(/Bearer \(token\)$/),
    });
  });

  test('something else at its address, silence and nobody there are named with the setting', async () => {
    const other = await answering({ body: '<html>' });
    const setting = { remedy: expect.stringContaining('AURUM_NESSIE_URL') };
    await expect(other.head('main')).rejects.toMatchObject({ code: 'nessie_answer_unknown', ...setting });
    const silent = await answering(undefined);
    await expect(silent.head('main')).rejects.toMatchObject({
      code: 'nessie_unavailable',
      kind: 'busy',
      ...setting,
    });
    server!.closeAllConnections();
    await new Promise((done) => server!.close(done));
    await expect(silent.head('main')).rejects.toMatchObject({ code: 'nessie_unavailable', kind: 'busy' });
  });
});
