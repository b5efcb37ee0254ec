/**
 * The API under attack, as a container serves it: who may call which route, what a tenant sees, hostile parameters and
 * bodies, and secrets that must not come out. Each part prints how much it tried.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mayDo, type Role } from '#lib/domain/access.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { hostProcess } from '#tests/fixtures/host-process.ts';
import { issuer } from '#tests/unit/access/issuer.ts';
import { run } from '#tests/unit/cli/run.ts';
import { DAY, routes, type SecuritySite, securitySite } from './security/site.ts';

const CANARY = (name: string) => `canary-${name}-5f3a91c7e2`;
const SECRETS = { s3: CANARY('s3'), events: CANARY('events') };

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required: boolean;
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
}
const openapi = parse(
  readFileSync(join(import.meta.dirname, '../../schemas/openapi/aurum.yaml'), 'utf8'),
) as { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

let site: SecuritySite;
/** Bodies and headers of all answers, for what must not be in them. */
const answers: string[] = [];
const counted = (what: string) => process.stderr.write(`security: ${what}\n`);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: {
    readonly code?: string;
    readonly meta: { readonly releases?: readonly { readonly vendor: string }[] };
    readonly data: readonly Record<string, unknown>[];
  };
  readonly headers: Headers;
}

async function ask(path: string, token?: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers };
  const response = await fetch(`${site.url}${path}`, { ...init, headers });
  const text = await response.text();
  answers.push(text, JSON.stringify([...response.headers]));
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    text,
    body: isJson && text !== '' ? (JSON.parse(text) as Answer['body']) : { meta: {}, data: [] },
    headers: response.headers,
  };
}

const post = (path: string, body: string, token?: string, headers: Record<string, string> = {}) =>
  ask(path, token, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const aurum = (...argv: string[]) => run(argv, { environment: site.environment });

beforeAll(async () => {
  site = await securitySite(SECRETS);
  for (const argv of [
    ['add', 'acme', '--name', 'Acme Power'],
    ['entitle', 'acme', 'PW:power'],
    ['add', 'broke'],
  ]) {
    const { code, told } = await aurum('tenant', ...argv);
    expect(code, told).toBe(0);
  }
}, 60_000);
afterAll(async () => {
  await site?.close();
});

describe('routes', () => {
  test('those served are those described', async () => {
    const served = functionList.flatMap(({ trigger }) =>
      trigger.kind === 'http' ? [`${trigger.method} ${trigger.path}`] : [],
    );
    const described = Object.entries(openapi.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...served].sort()).toEqual([...described].sort());
    const { body } = await ask('/openapi.json');
    expect(Object.keys((body as unknown as typeof openapi).paths).sort()).toEqual(
      Object.keys(openapi.paths).sort(),
    );
    const token = await site.token('admin');
    for (const path of [
      '/v1',
      '/v1/',
      '/V1/curves',
      '/v1/curves/',
      '//v1/curves',
      '/v1/curves/../ingest/',
      '/admin',
    ]) {
      expect((await ask(path, token)).body.code, path).toBe('route_not_found');
    }
    counted(`${served.length} routes served and described`);
  });

  test('each is open to whom the table says, and to nobody else', async () => {
    const callers: readonly (readonly [string, readonly Role[], string | undefined])[] = [
      ['no token', [], undefined],
      ...(['admin', 'ops', 'analyst'] as const).map(
        (role) => [role, [role], undefined] as [string, Role[], undefined],
      ),
      ['a tenant', ['tenant'], 'acme'],
      ['a tenant that is an admin too', ['admin', 'tenant'], 'acme'],
    ];
    let tried = 0;
    for (const { trigger } of await routes()) {
      const { method, path, contract } = trigger;
      const place = path.replaceAll(/\{\w+\}/g, 'x');
      const send = (token?: string) => (method === 'GET' ? ask(place, token) : post(place, '[]', token));
      for (const [who, roles, tenant] of callers) {
        const token = roles.length === 0 ? undefined : await site.token(roles[0]!, tenant);
        const { status, body } = await send(token);
        const said = `${who}: ${method} ${path} -> ${status} ${body.code}`;
        tried++;
        if (contract.permission === 'public') expect([401, 403], said).not.toContain(status);
        else if (contract.permission === 'events' || token === undefined) expect(status, said).toBe(401);
        else if (mayDo({ roles }, contract.permission)) expect([401, 403], said).not.toContain(status);
        else expect([status, body.code], said).toEqual([403, 'access_forbidden']);
        expect(status, said).not.toBe(500);
      }
      if (contract.permission !== 'events') continue;
      expect((await send(SECRETS.events)).status).toBe(400);
    }
    counted(`${tried} pairs of caller and route`);
  });
});

describe('tenants', () => {
  const rowsOf = (path: string, token: string) =>
    ask(`${path}${path.includes('?') ? '&' : '?'}limit=500`, token);

  test('a tenant sees what it is entitled to in every route of curves, and is told of no other vendor', async () => {
    const [staff, acme] = [await site.token('analyst'), await site.token('tenant', 'acme')];
    for (const path of ['/v1/curves', '/v1/curves/strips?iso=PJM', '/v1/releases']) {
      const [all, own] = [await rowsOf(path, staff), await rowsOf(path, acme)];
      expect(own.status, own.text).toBe(200);
      expect(own.body.data.length, path).toBeGreaterThan(0);
      if (path !== '/v1/curves/strips?iso=PJM') expect(own.text, path).not.toBe(all.text);
      for (const { asset_class = 'power', vendor = 'pw', source_file = 'PW' } of own.body.data) {
        expect(asset_class).toBe('power');
        expect(vendor).toBe('pw');
        expect(source_file).toMatch(/PW/i);
      }
      expect(new Set((own.body.meta.releases ?? []).map(({ vendor }) => vendor))).not.toContain('eugp');
      expect(own.text).not.toMatch(/eugp/i);
    }
    const dimensions = await ask('/v1/curves/dimensions', acme);
    expect(dimensions.text).not.toMatch(/eugp/i);
    const diff = await ask(`/v1/curves/diff?from=${DAY}&to=${DAY}&iso=PJM`, acme);
    expect(diff.text).not.toMatch(/eugp/i);
    for (const accept of ['text/csv', 'application/x-ndjson']) {
      const streamed = await ask('/v1/curves?limit=10000', acme, { headers: { accept } });
      expect(streamed.status).toBe(200);
      expect(streamed.text).toMatch(/power/);
      expect(streamed.text).not.toMatch(/eugp|\bgas\b/i);
      expect(streamed.headers.get('aurum-meta') ?? 'eugp').not.toMatch(/eugp/i);
    }
  });

  test('a tenant entitled to nothing sees nothing; one that is not registered is turned away', async () => {
    const broke = await ask('/v1/curves', await site.token('tenant', 'broke'));
    expect([broke.status, broke.body.data, broke.body.meta.releases]).toEqual([200, [], []]);
    const nobody = await ask('/v1/curves', await site.token('tenant', 'nobody'));
    expect([nobody.status, nobody.body.code]).toEqual([403, 'tenant_forbidden']);
    expect(nobody.text).toMatch(/aurum tenant add/);
  });

  test('what is kept for one is never given to another: the tenant is in every tag', async () => {
    const path = '/v1/curves?iso=PJM&limit=5';
    const callers = [
      await site.token('admin'),
      await site.token('tenant', 'acme'),
      await site.token('tenant', 'broke'),
    ];
    const given = [];
    for (const token of [...callers, ...callers]) given.push(await ask(path, token));
    const tags = given.map(({ headers }) => headers.get('etag'));
    expect(new Set(tags).size).toBe(3);
    expect(tags.slice(3)).toEqual(tags.slice(0, 3));
    expect(given.map(({ text }) => text).slice(3)).toEqual(given.map(({ text }) => text).slice(0, 3));
    const own = await ask(path, callers[1], { headers: { 'if-none-match': tags[0]! } });
    expect(own.status).toBe(200);
    const again = await ask(path, callers[1], { headers: { 'if-none-match': tags[1]! } });
    expect([again.status, again.text]).toEqual([304, '']);
    expect(again.headers.get('vary')).toMatch(/authorization/);
    expect(again.headers.get('cache-control')).toMatch(/private/);
  });

  test('what is another’s and what is not there are the same answer', async () => {
    const [staff, acme] = [await site.token('admin'), await site.token('tenant', 'acme')];
    const theirs = await ask('/v1/curves?asset_class=gas&limit=1', staff);
    const { curve_key, tenor_type, contract_month } = theirs.body.data[0] as Record<string, string>;
    const absent_key = 'f'.repeat(64);
    const [version, absent] = [site.versions.eugp!, '20250912-ffffffffffffffff'];
    const pairs = [
      [
        `/v1/lineage?curve_key=${curve_key}&tenor_type=${tenor_type}&contract_month=${contract_month}`,
        curve_key!,
        absent_key,
      ],
      [`/v1/curves?version=${version}`, version, absent],
      [`/v1/curves/strips?version=${version}`, version, absent],
      [
        `/v1/lineage?version=${version}&curve_key=${absent_key}&tenor_type=MONTHLY&contract_month=2026-01-01`,
        version,
        absent,
      ],
      [`/v1/curves/diff?from_version=${version}&to_version=${version}`, version, absent],
    ] as const;
    for (const [path, id, other] of pairs) {
      const [one, two] = [await ask(path, acme), await ask(path.replaceAll(id, other), acme)];
      expect([one.status, two.status], path).toEqual([404, 404]);
      expect(one.text.replaceAll(id, other), path).toBe(two.text);
      if (id === curve_key) expect((await ask(path, staff)).status).toBe(200);
    }
    counted(`${pairs.length} pairs of absent and not yours`);
  });

  test('tenants are registered once, entitled by replacement, and listed', async () => {
    const admin = await site.token('admin');
    const add = (body: object) => post('/v1/tenants', JSON.stringify(body), admin);
    const entitle = (id: string, ...entitlements: unknown[]) =>
      post(`/v1/tenants/${id}/entitlements`, JSON.stringify({ entitlements }), admin);
    expect((await add({ id: 'gamma', name: 'Gamma' })).status).toBe(201);
    expect(((await add({ id: 'gamma', name: 'Gamma' })).body.meta as { outcome?: string }).outcome).toBe(
      'already',
    );
    expect((await add({ id: 'gamma', name: 'Delta' })).status).toBe(409);
    expect((await add({ id: 'house', name: 'Mine' })).body.code).toBe('tenant_reserved');
    expect((await add({ id: 'A b', name: 'x' })).body.code).toBe('body_invalid');
    const any = { vendor: null, asset_class: null, region: null };
    expect((await entitle('gamma', { ...any, vendor: 'PW' }, { ...any, vendor: 'pw' })).status).toBe(200);
    expect((await entitle('gamma', { ...any, vendor: 'nobody' })).body.code).toBe('vendor_unknown');
    expect((await entitle('absent', any)).status).toBe(404);
    const { out } = await aurum('tenant', 'list', '--format', 'ndjson');
    const listed = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed.map(({ id }) => id)).toEqual(['acme', 'broke', 'gamma']);
    expect(listed[2].entitlements).toEqual([{ ...any, vendor: 'pw' }]);
    expect((await aurum('tenant', 'entitle', 'gamma', '--nothing')).code).toBe(0);
    expect((await aurum('tenant', 'list')).out).toMatch(/gamma +Gamma +\S+ +nothing/);
    expect((await aurum('tenant', 'sql', 'acme')).out).toMatch(/CREATE OR REPLACE VIEW iceberg\.tenant_acme/);
  });
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
  test('no parameter of any GET route makes an error of ours, or rows that were not there', async () => {
    const token = await site.token('admin');
    const row = (await ask('/v1/curves?limit=1', token)).body.data[0] as Record<string, string>;
    const good: Record<string, string> = {
      ...{ curve_key: row.curve_key!, tenor_type: row.tenor_type!, contract_month: row.contract_month! },
      ...{ from: DAY, to: DAY, version: site.versions.pw!, vendor: 'pw', asof: DAY },
    };
    const sizeOf = ({ body: { data } }: Answer) => (Array.isArray(data) ? data.length : 1);
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
      const rows = sizeOf(await ask(url(base), token));
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
        const given = await Promise.all(batch.map((each) => ask(each, token)));
        given.forEach((answer, at) => {
          const said = `${batch[at]!.slice(0, 300)} -> ${answer.status} ${answer.text.slice(0, 300)}`;
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          expect(answer.status, said).toBeLessThan(500);
          expect(answer.headers.get('set-cookie'), said).toBeNull();
          if (answer.status === 200) expect(sizeOf(answer), said).toBeLessThanOrEqual(rows);
          else expect(answer.body.code, said).toMatch(/^[a-z_]+$/);
        });
      }
    }
    const sum = [...statuses.values()].reduce((total, count) => total + count, 0);
    counted(
      `${sum} hostile requests for ${parameters} parameters: ${JSON.stringify(Object.fromEntries(statuses))}`,
    );
    expect(parameters).toBeGreaterThan(50);
  }, 60_000);

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
      const answer = await post('/v1/tenants', body, token, headers);
      expect(answer.status, `${body.slice(0, 40)} ${answer.text}`).toBe(status);
      expect(answer.body.code).toMatch(/^(body|content)_/);
    }
    counted(`${bodies.length} hostile bodies`);
  });

  test('a page larger than the largest is refused, and so are headers without end', async () => {
    const token = await site.token('admin');
    expect((await ask('/v1/curves?limit=10001', token)).status).toBe(400);
    expect((await ask('/v1/curves', token, { headers: { 'x-much': 'x'.repeat(20_000) } })).status).toBe(431);
    expect((await ask('/v1/curves', `${token}${'A'.repeat(9_000)}`)).status).toBe(401);
    expect((await ask(`/v1/curves?access_token=${token}`)).status).toBe(401);
    expect((await ask(`/v1/curves?access_token=${token}`, token)).body.code).toBe('parameter_unknown');
  });
});

describe('secrets', () => {
  test('23 canaries are in no log, no error and no answer', async () => {
    const token = await site.token('admin');
    const header = (name: string, value = CANARY(name)) => ({ headers: { [name]: value } });
    await ask('/v1/me', CANARY('bearer'));
    await ask('/v1/me', undefined, header('authorization', `Basic ${CANARY('basic')}`));
    await ask('/v1/me', undefined, header('authorization', CANARY('scheme')));
    for (const name of ['cookie', 'x-api-key', 'proxy-authorization', 'if-none-match', 'x-auth-token']) {
      await ask('/v1/curves?limit=1', token, header(name));
      await ask('/v1/lineage', token, header(name));
    }
    await ask(`/v1/curves?access_token=${CANARY('query')}`, token);
    await post('/v1/tenants', `{"id": ${CANARY('malformed')}}`, token);
    await post('/v1/tenants', JSON.stringify({ id: 'x', name: 'x', password: CANARY('field') }), token);
    await post('/hooks/lakefs/pre-merge', '{}', CANARY('hook'));

    const stores = await hostProcess('function-server', {
      AURUM_HOME: site.home,
      AURUM_AUTH: 'development',
      AURUM_FUNCTION: 'api',
      AURUM_S3_ENDPOINT: 'http://127.0.0.1:9',
      AURUM_S3_SECRET_KEY: SECRETS.s3,
      AURUM_POSTGRES_URL: `postgres://${CANARY('pguser')}:${CANARY('pgpassword')}@127.0.0.1:9/aurum`,
      AURUM_REDIS_URL: `redis://:${CANARY('redis')}@127.0.0.1:9`,
      AURUM_KAFKA_BROKERS: '127.0.0.1:9',
      AURUM_KAFKA_SASL_USER: 'aurum',
      AURUM_KAFKA_SASL_PASSWORD: CANARY('sasl'),
      AURUM_SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9',
      AURUM_LAKEFS_ENDPOINT: 'http://127.0.0.1:9',
      AURUM_LAKEFS_ACCESS_KEY: CANARY('lakefs-access'),
      AURUM_LAKEFS_SECRET_KEY: CANARY('lakefs-secret'),
      AURUM_NESSIE_URL: 'http://127.0.0.1:9',
      AURUM_NESSIE_TOKEN: CANARY('nessie'),
      AURUM_VAULT_ADDR: 'http://127.0.0.1:9',
      AURUM_VAULT_TOKEN: CANARY('vault'),
      AURUM_TOKEN: CANARY('token'),
    });
    for (const path of [
      '/ready',
      '/v1/curves',
      '/v1/ingest',
      '/v1/instruments',
      '/v1/tenants',
      '/v1/quarantine',
    ]) {
      const response = await fetch(`${stores.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      answers.push(await response.text(), JSON.stringify([...response.headers]));
      expect(response.status, path).toBe(503);
    }
    await stores.stop();
    const said = [site.log(), stores.log(), ...answers].join('\n');
    expect(said.length).toBeGreaterThan(10_000);
    expect(said.match(/canary-[a-z0-9-]+-5f3a91c7e2/g) ?? []).toEqual([]);
    expect(said).not.toContain(token.split('.')[2]);
    expect(answers.join('\n')).not.toMatch(/node_modules|\.ts:\d+|\bat \w+ \(/);
    counted(`23 canaries looked for in ${said.length} characters of logs and answers`);
  }, 60_000);
});

describe('an identity provider', () => {
  test('is found by its configuration; its tokens are taken, those of this machine are not', async () => {
    const idp = await issuer();
    const host = await hostProcess('function-server', {
      AURUM_HOME: site.home,
      AURUM_FUNCTION: 'api',
      AURUM_OIDC_ISSUER: idp.url,
      AURUM_S3_ENDPOINT: site.environment.AURUM_S3_ENDPOINT!,
      AURUM_S3_SECRET_KEY: SECRETS.s3,
    });
    const me = async (token: string) => {
      const response = await fetch(`${host.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
      return [response.status, ((await response.json()) as { data?: unknown }).data] as const;
    };
    const [status, data] = await me(await idp.token({ groups: ['aurum-ops'] }));
    expect([status, data]).toEqual([
      200,
      expect.objectContaining({ subject: 'ann', roles: ['ops'], tenant: 'house' }),
    ]);
    expect((await me(await site.token('admin')))[0]).toBe(401);
    expect((await me(await idp.token({ iss: 'http://other' })))[0]).toBe(401);
    const session = await fetch(`${host.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'admin' }),
    });
    expect(session.status).toBe(403);
    expect(idp.asked.get('/.well-known/openid-configuration')).toBe(1);
    await host.stop();
    idp.close();
  });

  test('must be named, or done without in so many words, by a process that serves routes', async () => {
    const settings = { AURUM_HOME: site.home, AURUM_FUNCTION: 'api/curves' };
    const host = await hostProcess('function-server', settings);
    expect(await host.ended()).toBe(2);
    expect(host.log()).toMatch(/AURUM_OIDC_ISSUER.*AURUM_AUTH=development/);
  });
});
