/** Every way we know to pass off a token that is none: each is 401, and asks no more of the issuer than one good token. */
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { exportPKCS8, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sql } from '#lib/ports/sql.ts';
import { type Authenticate, authenticator } from '#lib/runtime/access/authenticator.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { AUDIENCE, claimsOf, type Issuer, issuer, KID, rawToken, seconds } from './issuer.ts';

const TOLERANCE_S = 5;
const TENANTS: Readonly<Record<string, readonly object[]>> = {
  acme: [{ vendor: 'pw', asset_class: null, region: null }],
  broke: [],
};

/** Of the database only what is asked here: the tenant's own row, and its entitlements. */
const sql: Sql = {
  transaction: (_role, work, tenant = '') =>
    work({
      query: async (text) => {
        const entitled = TENANTS[tenant];
        if (entitled === undefined) return [];
        return (text.includes('FROM tenant') ? [{ id: tenant }] : entitled) as never;
      },
    }),
  migrate: async () => {},
  close: async () => {},
};

let idp: Issuer;
let authenticate: Authenticate;
const fresh = () => authenticator(readConfig({ AURUM_OIDC_ISSUER: idp.url }), sql);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  idp = await issuer();
  authenticate = fresh();
});
afterAll(() => idp.close());

/** Signed by us with an algorithm the issuer does not offer. */
async function foreign(alg: string, header: object = {}): Promise<string> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return new SignJWT(claimsOf(idp.url, {})).setProtectedHeader({ alg, kid: KID, ...header }).sign(privateKey);
}

const hmac = (secret: string | Buffer, alg = 'HS256') => {
  const [header, payload] = rawToken({ alg, kid: KID, typ: 'JWT' }, claimsOf(idp.url, {})).split('.') as [
    string,
    string,
  ];
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}.${payload}.${mac}`;
};

/** Signed well by the issuer's own key, over a payload or header no library writes. */
async function signedByHand(header: unknown, payload: unknown): Promise<string> {
  const key = createPrivateKey(await exportPKCS8(idp.keys.private));
  const unsigned = rawToken(header, payload).slice(0, -1);
  const signature = sign('sha256', Buffer.from(unsigned), { key, dsaEncoding: 'ieee-p1363' });
  return `${unsigned}.${signature.toString('base64url')}`;
}

const HEADER = { alg: 'ES256', kid: KID, typ: 'at+jwt' };
const claim = (changes: Record<string, unknown>) => () => idp.token(changes);
const header = (changes: Record<string, unknown>) => () => idp.token({}, changes as never);
const part = (at: number, change: (text: string) => string) => async () => {
  const parts = (await idp.token()).split('.');
  parts[at] = change(parts[at]!);
  return parts.join('.');
};

const ATTACKS: Readonly<Record<string, () => string | Promise<string>>> = {
  'alg none, no signature': () => rawToken({ alg: 'none' }, claimsOf(idp.url, {})),
  'alg None': () => rawToken({ alg: 'None', kid: KID }, claimsOf(idp.url, {})),
  'alg nOnE with a signature': () =>
    rawToken({ alg: 'nOnE', kid: KID }, claimsOf(idp.url, {}), 'x'.repeat(64)),
  'alg empty': () => rawToken({ alg: '', kid: KID }, claimsOf(idp.url, {})),
  'alg left out': () => rawToken({ kid: KID }, claimsOf(idp.url, {})),
  'alg a list': () => rawToken({ alg: ['ES256'], kid: KID }, claimsOf(idp.url, {})),
  'HS256 with the public key in PEM': () => hmac(idp.keys.public_pem),
  'HS256 with the public key in PEM, no line end': () => hmac(idp.keys.public_pem.trim()),
  'HS256 with the public key as JWK': () => hmac(JSON.stringify(idp.keys.public_jwk)),
  'HS256 with an empty secret': () => hmac(''),
  'HS512 named, HS256 made': () => hmac(idp.keys.public_pem, 'HS512'),
  'RS256 by another key': () => foreign('RS256'),
  'ES256 by another key of the same id': () => foreign('ES256'),
  'ES384 by another key': () => foreign('ES384'),
  'EdDSA by another key': () => foreign('EdDSA'),
  'aud of another': claim({ aud: 'another' }),
  'aud left out': claim({ aud: undefined }),
  'aud empty': claim({ aud: '' }),
  'aud a list without us': claim({ aud: ['a', 'aurum2'] }),
  'aud in capitals': claim({ aud: 'AURUM' }),
  'iss of another': claim({ iss: 'https://evil.example' }),
  'iss with a slash more': () => idp.token({ iss: `${idp.url}/` }),
  'iss left out': claim({ iss: undefined }),
  'iss a list': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), iss: [idp.url] }),
  'sub left out': claim({ sub: undefined }),
  'sub empty': claim({ sub: '' }),
  'sub a number': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), sub: 7 }),
  'sub of 10 kB': claim({ sub: 'x'.repeat(5_000) }),
  'exp left out': claim({ exp: undefined }),
  'exp as text': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), exp: String(seconds() + 300) }),
  'exp a fraction': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), exp: seconds() + 300.5 }),
  'exp 1e20': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), exp: 1e20 }),
  'exp 9e15': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), exp: 9e15 }),
  'exp null': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), exp: null }),
  'exp in a year': claim({ exp: seconds() + 365 * 86_400 }),
  'exp negative': claim({ exp: -1 }),
  'expired by a second beyond the tolerance': () => idp.token({ exp: seconds() - TOLERANCE_S - 1 }),
  'iat left out': claim({ iat: undefined }),
  'iat in the future': () => idp.token({ iat: seconds() + TOLERANCE_S + 60 }),
  'iat as text': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), iat: 'now' }),
  'nbf in the future': () => idp.token({ nbf: seconds() + TOLERANCE_S + 60 }),
  'nbf as text': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), nbf: 'soon' }),
  'nbf a fraction': () => signedByHand(HEADER, { ...claimsOf(idp.url, {}), nbf: 1.5 }),
  'kid a path': header({ kid: '../../../../dev/null' }),
  'kid SQL': header({ kid: "key-1' UNION SELECT 'secret' --" }),
  'kid a URL': header({ kid: 'http://127.0.0.1:1/key' }),
  'kid unknown': header({ kid: 'key-2' }),
  'kid empty': header({ kid: '' }),
  'kid a number': () => signedByHand({ ...HEADER, kid: 1 }, claimsOf(idp.url, {})),
  jku: header({ jku: 'http://127.0.0.1:1/jwks' }),
  x5u: header({ x5u: 'http://127.0.0.1:1/cert' }),
  x5c: header({ x5c: ['MIIB'] }),
  'jwk of its own, signed by it': async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const { exportJWK } = await import('jose');
    const jwk = await exportJWK(publicKey);
    return new SignJWT(claimsOf(idp.url, {})).setProtectedHeader({ alg: 'ES256', jwk }).sign(privateKey);
  },
  'jwk of its own, signed by the issuer': header({ jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } }),
  'crit of something unknown': () =>
    signedByHand({ ...HEADER, crit: ['vip'], vip: true }, claimsOf(idp.url, {})),
  'crit b64 false': () => signedByHand({ ...HEADER, crit: ['b64'], b64: false }, claimsOf(idp.url, {})),
  'crit empty': () => signedByHand({ ...HEADER, crit: [] }, claimsOf(idp.url, {})),
  'an ID token by its type': claim({ typ: 'ID' }),
  'an ID token by its nonce': claim({ nonce: 'n-0S6_WzA2Mj' }),
  'an ID token by its at_hash': claim({ at_hash: 'MTIzNDU2' }),
  'a token of another type': header({ typ: 'dpop+jwt' }),
  'a logout token': header({ typ: 'logout+jwt' }),
  'two tenants': claim({ groups: ['tenant-acme', 'tenant-other'] }),
  'the reserved tenant': claim({ groups: ['tenant-house'] }),
  'a tenant that is no id, beside a staff role': claim({ groups: ['tenant-ACME', 'aurum-admin'] }),
  'a tenant without a name, beside a staff role': claim({ groups: ['tenant-', 'aurum-analyst'] }),
  'a tenant in capitals, beside a staff role': claim({ groups: ['Tenant-acme', 'aurum-analyst'] }),
  'groups as text': claim({ groups: 'aurum-admin' }),
  'groups an object': claim({ groups: { 0: 'aurum-admin', length: 1 } }),
  'groups of numbers': claim({ groups: [1, 2] }),
  'ten thousand groups': claim({ groups: Array.from({ length: 300 }, (_, at) => `g${at}`) }),
  truncated: async () => (await idp.token()).slice(0, -1),
  'without its signature': part(2, () => ''),
  'two parts': async () => (await idp.token()).split('.').slice(0, 2).join('.'),
  'five parts, as if encrypted': async () => `${await idp.token()}.x.y`,
  'a signature of r = s = 0': part(2, () => Buffer.alloc(64).toString('base64url')),
  'a signature of ones': part(2, () => Buffer.alloc(64, 255).toString('base64url')),
  'a signature in DER': part(2, (text) => Buffer.from(`0E${text}`).toString('base64url')),
  'the payload of another token': part(1, () =>
    Buffer.from(JSON.stringify(claimsOf(idp.url, { groups: ['aurum-admin'] }))).toString('base64url'),
  ),
  'a payload that is no JSON': () => signedByHand(HEADER, 'not json'),
  'a payload that is a list': () => signedByHand(HEADER, [1]),
  'a header that is no JSON': () => rawToken('{', claimsOf(idp.url, {}), 'x'),
  'no token at all': () => '..',
  '1 MB': async () => `${await idp.token()}${'A'.repeat(1_000_000)}`,
  'a kid of 10 kB': header({ kid: 'k'.repeat(10_000) }),
  'a blank inside': part(1, (text) => `${text.slice(0, 10)} ${text.slice(10)}`),
};

describe(`${Object.keys(ATTACKS).length} tokens that are none`, () => {
  it.each(Object.entries(ATTACKS))('%s', async (_, made) => {
    const token = await made();
    await expect(authenticate(bearer(token))).rejects.toMatchObject({
      code: 'token_unauthorised',
      kind: 'refused',
    });
  });

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['no token after the scheme', { authorization: 'Bearer ' }],
    ['two tokens', { authorization: 'Bearer a.b.c Bearer d.e.f' }],
  ])('%s', async (_, headers) => {
    await expect(authenticate(headers)).rejects.toMatchObject({ code: 'token_unauthorised' });
  });

  it('asked for the keys once or twice, found by the configuration that was asked for once', () => {
    expect(idp.asked.get('/.well-known/openid-configuration')).toBe(1);
    expect(idp.asked.get('/jwks')).toBeLessThanOrEqual(2);
  });
});

describe('tokens that are good', () => {
  const callerOf = async (groups: readonly string[], changes = {}) =>
    authenticate(bearer(await idp.token({ groups, ...changes })));

  it.each([
    [['aurum-admin'], ['admin']],
    [['aurum-ops', 'unrelated'], ['ops']],
    [
      ['aurum-analyst', 'aurum-ops'],
      ['analyst', 'ops'],
    ],
    [[], []],
    [['aurum-root', '__proto__', 'constructor'], []],
  ])('groups %j are staff with roles %j', async (groups, roles) => {
    const found = await callerOf(groups);
    expect(found).toEqual({ subject: 'ann', roles, tenant: 'house', entitlements: 'all' });
  });

  it('a tenant’s member has its entitlements, and no staff role whatever the groups say', async () => {
    for (const groups of [['tenant-acme'], ['tenant-acme', 'aurum-admin', 'aurum-ops', 'aurum-analyst']]) {
      const { roles, tenant, entitlements } = await callerOf(groups);
      expect({ roles, tenant, entitlements }).toEqual({
        roles: ['tenant'],
        tenant: 'acme',
        entitlements: TENANTS.acme,
      });
    }
    expect((await callerOf(['tenant-broke'])).entitlements).toEqual([]);
  });

  it('a tenant that nobody registered is 403 with what to do', async () => {
    await expect(callerOf(['tenant-nobody'])).rejects.toMatchObject({
      code: 'tenant_forbidden',
      remedy: expect.stringContaining('aurum tenant add'),
    });
  });

  it('within the tolerance of the clocks, with nbf, with several audiences, typed in full', async () => {
    const now_s = seconds();
    for (const [claims, header] of [
      [{ exp: now_s - TOLERANCE_S + 2 }, {}],
      [{ iat: now_s + TOLERANCE_S - 2, nbf: now_s + TOLERANCE_S - 2 }, {}],
      [{ aud: ['other', AUDIENCE] }, {}],
      [{}, { typ: 'application/at+jwt' }],
      [{}, { typ: undefined }],
    ]) {
      expect((await authenticate(bearer(await idp.token(claims, header as object)))).subject).toBe('ann');
    }
  });
});

describe('the issuer', () => {
  it('is asked for keys once however many tokens name keys that are not there', async () => {
    const own = fresh();
    await own(bearer(await idp.token()));
    const before = idp.asked.get('/jwks')!;
    const floods = Array.from({ length: 300 }, async (_, at) =>
      own(bearer(await idp.token({}, { kid: `k-${at}` }))),
    );
    const refused = await Promise.allSettled(floods);
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    expect(idp.asked.get('/jwks')! - before).toBeLessThanOrEqual(1);
  });

  it('that cannot answer is 503, not 401, is left alone for a while, and is found again', async () => {
    idp.answerWith(500);
    const own = fresh();
    const before = idp.asked.get('/jwks') ?? 0;
    const token = await idp.token();
    for (let round = 0; round < 50; round++) {
      await expect(own(bearer(token))).rejects.toMatchObject({ code: 'issuer_unavailable', kind: 'busy' });
    }
    expect(idp.asked.get('/jwks')! - before).toBe(1);
    idp.answerWith(200);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await own(bearer(token))).subject).toBe('ann');
  });

  it('whose configuration is of another, or away, is 503', async () => {
    const elsewhere = authenticator(readConfig({ AURUM_OIDC_ISSUER: `${idp.url}/other` }), sql);
    const gone = authenticator(readConfig({ AURUM_OIDC_ISSUER: 'http://127.0.0.1:9' }), sql);
    for (const own of [elsewhere, gone]) {
      await expect(own(bearer(await idp.token()))).rejects.toMatchObject({ code: 'issuer_unavailable' });
    }
  });
});
