/** Hostile parameters and bodies, and secrets that must not come out. Each part prints how much it tried. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hostProcess } from '#tests/fixtures/host-process.ts';
import { openapi } from '#tests/fixtures/openapi.ts';
import { type Answer, ask, CANARY, canariesIn } from './asking.ts';
import { counted, DAY, SECRETS, type SecuritySite, securitySite } from './site.ts';

let site: SecuritySite;
beforeAll(async () => {
  site = await securitySite();
});
afterAll(async () => {
  expect(canariesIn(site.log())).toEqual([]);
  await site.close();
});

/** Written as they go over the wire. */
const HOSTILE = [
  '%27',
  ';',
  '--',
  '%00',
  '%27%20OR%201=1--',
  '%27)%20OR%20(%271%27=%271',
  '1;DROP%20TABLE%20tenant',
  '%27%20UNION%20SELECT%20*%20FROM%20tenant--',
  '$%7B7*7%7D',
  '%7B%7B7*7%7D%7D',
  'x'.repeat(10_000),
  '..%2F..%2F..%2Fetc%2Fpasswd',
  '%5C..%5C',
  '%0d%0aset-cookie:%20x=1',
  '%ED%A0%80',
  '%',
  '*',
  '-1',
  '1e309',
  'NaN',
  '99999999999999999999',
  '%D9%A1%D9%A2',
  '__proto__',
  '%F0%9F%92%A3',
];

describe('hostile input', () => {
  test('no parameter of any GET route makes an error of ours, or finds a row', async () => {
    const token = await site.token('admin');
    const row = (await site.ask('/v1/curves?limit=1', token)).body.data[0] as Record<string, string>;
    const good: Record<string, string> = {
      ...{ curve_key: row.curve_key!, tenor_type: row.tenor_type!, contract_month: row.contract_month! },
      ...{ from: DAY, to: DAY, version: site.versions.pw!, vendor: 'pw', asof: DAY },
    };
    /** Rows, or the curves that a search found; anything else that is answered counts as one. */
    const sizeOf = ({ body }: Answer) => {
      const data: unknown = body.data;
      const list = Array.isArray(data) ? data : (data as { curves?: readonly unknown[] } | undefined)?.curves;
      return list?.length ?? 1;
    };
    let found = 0;
    const statuses = new Map<number, number>();
    let parameters = 0;
    for (const [path, { get }] of Object.entries(openapi.paths)) {
      if (get === undefined) continue;
      const needed = get.parameters.filter(
        ({ required, name }) => required || (path.endsWith('/diff') && ['from', 'to'].includes(name)),
      );
      const base = Object.fromEntries(needed.map(({ name }) => [name, good[name] ?? 'x']));
      if (get.parameters.some(({ name }) => name === 'limit')) base.limit = '20';
      const url = (values: Record<string, string>, more = '') => {
        const place = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name]!);
        const query = get.parameters.filter(({ name, in: at }) => at === 'query' && name in values);
        const pairs = [...query.map(({ name }) => `${name}=${values[name]}`), ...(more === '' ? [] : [more])];
        return `${place}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
      };
      const given = await site.ask(url(base), token);
      if (given.status === 200 && sizeOf(given) > 0) found++;
      const requests = get.parameters.flatMap(({ name, in: at }) => {
        parameters++;
        const replaced = HOSTILE.map((value) => url({ ...base, [name]: value }));
        if (at === 'path') return replaced;
        const value = good[name] ?? 'x';
        return [
          ...replaced,
          url({ ...base, [name]: value }, `${name}=${value}`),
          url(base, `${name}[]=${value}`),
          url(base, `${name}[$ne]=${value}`),
          url(base, `${name}.constructor=${value}`),
        ];
      });
      for (let start = 0; start < requests.length; start += 16) {
        const batch = requests.slice(start, start + 16);
        const answers = await Promise.all(batch.map((each) => inTurn(each, token)));
        answers.forEach((answer, at) => {
          const said = `${batch[at]!.slice(0, 300)} -> ${answer.status} ${answer.text.slice(0, 300)}`;
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          expect(answer.status, said).toBeLessThan(500);
          expect(answer.headers.get('set-cookie'), said).toBeNull();
          if (answer.status === 200) expect(sizeOf(answer), said).toBe(0);
          else expect(answer.body.code, said).toMatch(/^[a-z_]+$/);
        });
      }
    }
    const sum = [...statuses.values()].reduce((total, count) => total + count, 0);
    counted(
      `${sum} hostile requests for ${parameters} parameters: ${JSON.stringify(Object.fromEntries(statuses))}`,
    );
    expect(parameters).toBeGreaterThan(50);
    // A good value does find rows; else nothing above would say a thing.
    expect(found).toBeGreaterThan(10);
  });

  /** What is dear is made for few at once: who is turned away with that reason asks again. */
  async function inTurn(path: string, token: string): Promise<Answer> {
    for (;;) {
      const answer = await site.ask(path, token);
      if (answer.body.code !== 'server_busy') return answer;
      await delay(50);
    }
  }

  /** Sends more than is taken and reads what is answered. */
  function flood(
    path: string,
    headers: Record<string, string | number>,
    bytes: number,
  ): Promise<[number, number]> {
    return new Promise((resolve, reject) => {
      const sent = request(`${site.url}${path}`, { method: 'POST', headers });
      const chunk = Buffer.alloc(65_536, 0x20);
      let left = bytes;
      sent.on('response', (answer) => {
        answer.resume();
        answer.on('end', () => resolve([answer.statusCode!, bytes - left]));
        answer.on('error', () => resolve([answer.statusCode!, bytes - left]));
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
        // The answer may still be on its way; without one the status is 0.
        setTimeout(resolve, 1_000, [0, bytes - left]);
      });
      const more = () => {
        while (left > 0 && !sent.destroyed) {
          left -= chunk.length;
          if (!sent.write(chunk)) {
            sent.once('drain', more);
            return;
          }
        }
        if (!sent.destroyed) sent.end();
      };
      more();
    });
  }

  test('a body of 100 MB is refused before it is read, said or unsaid', async () => {
    const size = 100 * 1024 * 1024;
    const json = { 'content-type': 'application/json', authorization: `Bearer ${await site.token('admin')}` };
    for (const headers of [
      { ...json, 'content-length': size },
      { ...json, 'transfer-encoding': 'chunked' },
    ]) {
      const [status, taken] = await flood('/v1/tenants', headers, size);
      expect(status).toBe(413);
      expect(taken).toBeLessThan(20 * 1024 * 1024);
    }
  });

  test('compressed, deep, endless, doubled and poisoned bodies are refused with a reason', async () => {
    const token = await site.token('admin');
    const bodies: readonly (readonly [string, number, Record<string, string>?])[] = [
      ['\u001f\u008b\u0008', 415, { 'content-encoding': 'gzip' }],
      ['{}', 415, { 'content-encoding': 'br' }],
      ['{}', 415, { 'content-type': 'text/plain' }],
      ['{}', 415, { 'content-type': 'application/xml' }],
      ['['.repeat(10_000) + ']'.repeat(10_000), 400],
      [`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 400],
      ['['.repeat(100_000), 400],
      ['{"__proto__":{"id":"x"},"id":"x","name":"x"}', 400],
      ['{"id":"x","name":"x","constructor":{"prototype":{}}}', 400],
      ['', 400],
      ['null', 400],
      ['"text"', 400],
      ['{"id":"x"', 400],
      ['\u0000', 400],
      [`{"id":"ok","name":"${'n'.repeat(500_000)}"}`, 400],
      ['{"id":"ok","name":"a\\u0000b"}', 400],
      ['{"id":1e999,"name":"x"}', 400],
    ];
    for (const [body, status, headers] of bodies) {
      const answer = await site.post('/v1/tenants', body, token, headers);
      expect(answer.status, `${body.slice(0, 40)} ${answer.text}`).toBe(status);
      expect(answer.body.code).toMatch(/^(body|content)_/);
    }
    counted(`${bodies.length} hostile bodies`);
  });

  test('a page larger than the largest is refused, and so are headers without end', async () => {
    const token = await site.token('admin');
    const large = await site.ask('/v1/curves?limit=10001', token);
    expect([large.status, large.body.code]).toEqual([400, 'parameter_invalid']);
    expect((await site.ask('/v1/curves', token, { headers: { 'x-much': 'x'.repeat(20_000) } })).status).toBe(
      431,
    );
    expect((await site.ask('/v1/curves', `${token}${'A'.repeat(9_000)}`)).status).toBe(401);
    expect((await site.ask(`/v1/curves?access_token=${token}`)).status).toBe(401);
    expect((await site.ask(`/v1/curves?access_token=${token}`, token)).body.code).toBe('parameter_unknown');
  });
});

describe('secrets', () => {
  test('23 canaries are in no log, no error and no answer', async () => {
    const token = await site.token('admin');
    const header = (name: string, value = CANARY(name)) => ({ headers: { [name]: value } });
    await site.ask('/v1/me', CANARY('bearer'));
    await site.ask('/v1/me', undefined, header('authorization', `Basic ${CANARY('basic')}`));
    await site.ask('/v1/me', undefined, header('authorization', CANARY('scheme')));
    for (const name of ['cookie', 'x-api-key', 'proxy-authorization', 'if-none-match', 'x-auth-token']) {
      await site.ask('/v1/curves?limit=1', token, header(name));
      await site.ask('/v1/lineage', token, header(name));
    }
    await site.ask(`/v1/curves?access_token=${CANARY('query')}`, token);
    await site.post('/v1/tenants', `{"id": ${CANARY('malformed')}}`, token);
    await site.post('/v1/tenants', JSON.stringify({ id: 'x', name: 'x', password: CANARY('field') }), token);
    await site.post('/hooks/lakefs/pre-merge', '{}', CANARY('hook'));

    const [echo, failing] = [await echoing(200), await echoing(500)];
    const said = [site.log()];
    for (const [address, statuses] of [
      ['127.0.0.1:9', [503]],
      [echo, [500, 503]],
      [failing, [500, 503]],
    ] as const) {
      const host = await withStoresAt(address);
      for (const path of [
        '/ready',
        '/v1/curves',
        '/v1/ingest',
        '/v1/instruments',
        '/v1/tenants',
        '/v1/quarantine',
      ]) {
        expect(statuses, path).toContain((await ask(`${host.url}${path}`, token)).status);
      }
      await host.stop();
      said.push(host.log());
    }
    // Faults are logged with all that is known of them.
    expect(said[2]).toMatch(/request_failed.*\.ts:\d+/);
    for (const log of said) {
      expect(log).toContain('server_ready');
      expect(canariesIn(log)).toEqual([]);
      expect(log).not.toContain(token.split('.')[2]);
    }
    counted(`23 canaries looked for in ${said.join('').length} characters of logs, and in every answer`);
  });

  /** Answers every question with its headers, as a proxy on the way that was left to explain itself. */
  async function echoing(status: number): Promise<string> {
    const server = createServer(({ headers, url }, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ headers, url }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The API with all its stores at one address, and a secret for each. */
  const withStoresAt = (address: string) =>
    hostProcess('function-server', {
      AURUM_HOME: site.home,
      AURUM_AUTH: 'development',
      AURUM_FUNCTION: 'api',
      AURUM_S3_ENDPOINT: `http://${address}`,
      AURUM_S3_SECRET_KEY: SECRETS.s3,
      AURUM_POSTGRES_URL: `postgres://${CANARY('pguser')}:${CANARY('pgpassword')}@${address}/aurum`,
      AURUM_REDIS_URL: `redis://:${CANARY('redis')}@${address}`,
      AURUM_KAFKA_BROKERS: address,
      AURUM_KAFKA_SASL_USER: 'aurum',
      AURUM_KAFKA_SASL_PASSWORD: CANARY('sasl'),
      AURUM_SCHEMA_REGISTRY_URL: `http://${address}`,
      AURUM_LAKEFS_ENDPOINT: `http://${address}`,
      AURUM_LAKEFS_ACCESS_KEY: CANARY('lakefs-access'),
      AURUM_LAKEFS_SECRET_KEY: CANARY('lakefs-secret'),
      AURUM_NESSIE_URL: `http://${address}`,
      AURUM_NESSIE_TOKEN: CANARY('nessie'),
      AURUM_VAULT_ADDR: `http://${address}`,
      AURUM_VAULT_TOKEN: CANARY('vault'),
      AURUM_TOKEN: CANARY('token'),
    });
});
