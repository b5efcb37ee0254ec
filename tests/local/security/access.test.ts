/** Who may call which route, what a tenant sees, and whose tokens are taken. Each part prints how much it tried. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { mayDo, type Role } from '#lib/domain/access.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { hostProcess } from '#tests/fixtures/host-process.ts';
import { openapi } from '#tests/fixtures/openapi.ts';
import { issuer } from '#tests/unit/access/issuer.ts';
import { ask, canariesIn } from './asking.ts';
import { counted, DAY, routes, SECRETS, type SecuritySite, securitySite } from './site.ts';

let site: SecuritySite;
beforeAll(async () => {
  site = await securitySite();
});
afterAll(async () => {
  expect(canariesIn(site.log())).toEqual([]);
  await site.close();
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
    const { body } = await site.ask('/openapi.json');
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
      expect((await site.ask(path, token)).body.code, path).toBe('route_not_found');
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
      const send = (token?: string) =>
        method === 'GET' ? site.ask(place, token) : site.post(place, '[]', token);
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
    site.ask(`${path}${path.includes('?') ? '&' : '?'}limit=500`, token);

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
    for (const path of ['/v1/curves/dimensions', `/v1/curves/diff?from=${DAY}&to=${DAY}`]) {
      const [all, own] = [await site.ask(path, staff), await site.ask(path, acme)];
      expect([all.status, own.status], path).toEqual([200, 200]);
      expect(all.text, path).toMatch(/eugp/);
      expect(own.text, path).toMatch(/PJM/);
      expect(own.text, path).not.toMatch(/eugp/i);
    }
    for (const accept of ['text/csv', 'application/x-ndjson']) {
      const streamed = await site.ask('/v1/curves?limit=10000', acme, { headers: { accept } });
      expect(streamed.status).toBe(200);
      expect(streamed.text).toMatch(/power/);
      expect(streamed.text).not.toMatch(/eugp|\bgas\b/i);
      expect(streamed.headers.get('aurum-meta')).toMatch(/as_known_at/);
      expect(streamed.headers.get('aurum-meta')).not.toMatch(/eugp/i);
    }
  });

  test('a tenant entitled to nothing sees nothing; one that is not registered is turned away', async () => {
    const broke = await site.ask('/v1/curves', await site.token('tenant', 'broke'));
    expect([broke.status, broke.body.data, broke.body.meta.releases]).toEqual([200, [], []]);
    const nobody = await site.ask('/v1/curves', await site.token('tenant', 'nobody'));
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
    for (const token of [...callers, ...callers]) given.push(await site.ask(path, token));
    const tags = given.map(({ headers }) => headers.get('etag'));
    expect(new Set(tags).size).toBe(3);
    expect(tags.slice(3)).toEqual(tags.slice(0, 3));
    expect(given.map(({ text }) => text).slice(3)).toEqual(given.map(({ text }) => text).slice(0, 3));
    const own = await site.ask(path, callers[1], { headers: { 'if-none-match': tags[0]! } });
    expect(own.status).toBe(200);
    const again = await site.ask(path, callers[1], { headers: { 'if-none-match': tags[1]! } });
    expect([again.status, again.text]).toEqual([304, '']);
    expect(again.headers.get('vary')).toMatch(/authorization/);
    expect(again.headers.get('cache-control')).toMatch(/private/);
  });

  test('what is another’s and what is not there are the same answer', async () => {
    const [staff, acme] = [await site.token('admin'), await site.token('tenant', 'acme')];
    const theirs = await site.ask('/v1/curves?asset_class=gas&limit=1', staff);
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
      const [one, two] = [await site.ask(path, acme), await site.ask(path.replaceAll(id, other), acme)];
      expect([one.status, two.status], path).toEqual([404, 404]);
      expect(one.text.replaceAll(id, other), path).toBe(two.text);
      if (id === curve_key) expect((await site.ask(path, staff)).status).toBe(200);
    }
    counted(`${pairs.length} pairs of absent and not yours`);
  });

  test('tenants are registered once, entitled by replacement, and listed', async () => {
    const admin = await site.token('admin');
    const add = (body: object) => site.post('/v1/tenants', JSON.stringify(body), admin);
    const entitle = (id: string, ...entitlements: unknown[]) =>
      site.post(`/v1/tenants/${id}/entitlements`, JSON.stringify({ entitlements }), admin);
    expect((await add({ id: 'gamma', name: 'Gamma' })).status).toBe(201);
    expect((await add({ id: 'gamma', name: 'Gamma' })).body.meta.outcome).toBe('already');
    expect((await add({ id: 'gamma', name: 'Delta' })).status).toBe(409);
    expect((await add({ id: 'house', name: 'Mine' })).body.code).toBe('tenant_reserved');
    expect((await add({ id: 'A b', name: 'x' })).body.code).toBe('body_invalid');
    const any = { vendor: null, asset_class: null, region: null };
    expect((await entitle('gamma', { ...any, vendor: 'PW' }, { ...any, vendor: 'pw' })).status).toBe(200);
    expect((await entitle('gamma', { ...any, vendor: 'nobody' })).body.code).toBe('vendor_unknown');
    expect((await entitle('absent', any)).status).toBe(404);
    const { out } = await site.aurum('tenant', 'list', '--format', 'ndjson');
    const listed = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed.map(({ id }) => id)).toEqual(['acme', 'broke', 'gamma']);
    expect(listed[2].entitlements).toEqual([{ ...any, vendor: 'pw' }]);
    expect((await site.aurum('tenant', 'entitle', 'gamma', '--nothing')).code).toBe(0);
    expect((await site.aurum('tenant', 'list')).out).toMatch(/gamma +Gamma +\S+ +nothing/);
    expect((await site.aurum('tenant', 'sql', 'acme')).out).toMatch(
      /CREATE OR REPLACE VIEW iceberg\.tenant_acme/,
    );
  });
});

describe('an identity provider', () => {
  test('is found by its configuration; its tokens are taken, those of this machine are not', async () => {
    const idp = await issuer();
    onTestFinished(() => idp.close());
    const host = await hostProcess('function-server', {
      AURUM_HOME: site.home,
      AURUM_FUNCTION: 'api',
      AURUM_OIDC_ISSUER: idp.url,
      AURUM_S3_ENDPOINT: site.s3_url,
      AURUM_S3_SECRET_KEY: SECRETS.s3,
    });
    onTestFinished(async () => void (await host.stop()));
    const me = async (token: string) => {
      const { status, body } = await ask(`${host.url}/v1/me`, token);
      return [status, body.data] as const;
    };
    expect(await me(await idp.token({ groups: ['aurum-ops'] }))).toEqual([
      200,
      expect.objectContaining({ subject: 'ann', roles: ['ops'], tenant: 'house' }),
    ]);
    expect((await me(await site.token('admin')))[0]).toBe(401);
    expect((await me(await idp.token({ iss: 'http://other' })))[0]).toBe(401);
    const session = await ask(`${host.url}/v1/session`, undefined, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'admin' }),
    });
    expect(session.status).toBe(403);
    expect(idp.asked.get('/.well-known/openid-configuration')).toBe(1);
  });

  test('must be named, or done without in so many words, by a process that serves routes', async () => {
    const settings = { AURUM_HOME: site.home, AURUM_FUNCTION: 'api/curves' };
    const host = await hostProcess('function-server', settings);
    expect(await host.ended()).toBe(2);
    expect(host.log()).toMatch(/AURUM_OIDC_ISSUER.*AURUM_AUTH=development/);
  });
});
