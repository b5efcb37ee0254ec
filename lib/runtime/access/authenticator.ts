/**
 * The headers of a request -> its caller: the token is verified, groups become roles and at most one tenant, and the
 * tenant's entitlements are read. Whoever cannot be told is nobody; nothing here lets anyone in by default.
 */
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { type Caller, type Entitlement, HOUSE_TENANT, type Role } from '#lib/domain/access.ts';
import { busy, refusal } from '#lib/domain/errors.ts';
import { entitlementsOf } from '#lib/flows/tenants.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { Config } from '#lib/runtime/config.ts';
import { DEVELOPMENT_ISSUER, developmentKey } from './development-issuer.ts';
import { tokenVerifier } from './token-verifier.ts';

export type Authenticate = (headers: Readonly<Record<string, string | undefined>>) => Promise<Caller>;

/** A tenant's entitlements are read again after this long: so long may a withdrawn one still hold. */
const ENTITLEMENTS_FRESH_MS = 5_000;
/** Unknown keys ask the issuer again, but never more often: a flood of made-up key ids is no flood of requests. */
const REFETCH_AFTER_MS = 30_000;
const ISSUER_TIMEOUT_MS = 3_000;
/** After a failure the issuer is left alone for so long, however many ask. */
const RETRY_AFTER_MS = 2_000;
const MAX_TENANTS = 10_000;

const ROLE_GROUPS: Readonly<Record<string, Role>> = {
  'aurum-admin': 'admin',
  'aurum-ops': 'ops',
  'aurum-analyst': 'analyst',
};
const TENANT_GROUP = /^tenant-([a-z0-9][a-z0-9-]{0,62})$/;

export function authenticator(config: Config, sql: Sql): Authenticate {
  const entitlementsNow = entitlementReader(sql);
  let verifying: Promise<ReturnType<typeof tokenVerifier>> | undefined;
  const verifier = withRests(() => verifierOf(config));
  return async (headers) => {
    const token = bearerToken(headers.authorization);
    verifying ??= verifier().catch((error: unknown) => {
      verifying = undefined; // The next request asks again.
      throw error;
    });
    const verify = await verifying;
    const { subject, groups } = await verify(token);
    const { roles, tenant } = rolesOf(groups);
    const entitlements = tenant === undefined ? 'all' : await entitlementsNow(tenant);
    return { subject, roles, tenant: tenant ?? HOUSE_TENANT, entitlements };
  };
}

async function verifierOf(config: Config): Promise<ReturnType<typeof tokenVerifier>> {
  const shared = {
    audience: config.AURUM_OIDC_AUDIENCE,
    groups_claim: config.AURUM_OIDC_GROUPS_CLAIM,
    tolerance_s: config.AURUM_CLOCK_TOLERANCE_S,
  };
  const issuer = config.AURUM_OIDC_ISSUER;
  if (config.AURUM_AUTH === 'development' || issuer === undefined) {
    const keys = createLocalJWKSet({ keys: [await developmentKey(config.AURUM_HOME)] });
    return tokenVerifier({ ...shared, issuer: DEVELOPMENT_ISSUER, keys });
  }
  return tokenVerifier({ ...shared, issuer, keys: await remoteKeys(config, issuer) });
}

/** The keys of the identity provider, found by its own configuration where no address is set. */
async function remoteKeys({ AURUM_OIDC_JWKS_URL: url }: Config, issuer: string): Promise<JWTVerifyGetKey> {
  const place = url ?? (await discovered(issuer));
  return createRemoteJWKSet(new URL(place), {
    cooldownDuration: REFETCH_AFTER_MS,
    timeoutDuration: ISSUER_TIMEOUT_MS,
    [customFetch]: withRests(fetchedWell),
  });
}

async function fetchedWell(url: string, options: RequestInit): Promise<Response> {
  const answer = await fetch(url, options);
  if (answer.status === 200) return answer;
  throw busy('issuer_unavailable', `the keys at ${url} are answered with ${answer.status}`);
}

/** A call that, when it has failed, fails at once for a while: who asks an issuer in trouble does not add to it. */
function withRests<Asked extends unknown[], Answer>(
  ask: (...asked: Asked) => Promise<Answer>,
): (...asked: Asked) => Promise<Answer> {
  let failed: { readonly error: unknown; readonly until_ms: number } | undefined;
  return async (...asked) => {
    if (failed !== undefined && performance.now() < failed.until_ms) throw failed.error;
    failed = undefined;
    try {
      return await ask(...asked);
    } catch (error) {
      failed = { error, until_ms: performance.now() + RETRY_AFTER_MS };
      throw error;
    }
  };
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

async function discovered(issuer: string): Promise<string> {
  const place = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(place, { signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS), redirect: 'error' });
    const found = discovery.parse(await answer.json());
    if (found.issuer === issuer) return found.jwks_uri;
  } catch (cause) {
    throw busy('issuer_unavailable', `the configuration at ${place} cannot be read`, {
      remedy: 'Check AURUM_OIDC_ISSUER, or set AURUM_OIDC_JWKS_URL.',
      cause,
    });
  }
  throw busy('issuer_unavailable', `${place} is of another issuer`, { remedy: 'Correct AURUM_OIDC_ISSUER.' });
}

function bearerToken(header: string | undefined): string {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(header ?? '')?.[1];
  if (token !== undefined) return token;
  throw refusal('token_unauthorised', 'the request carries no bearer token', {
    remedy: 'Send `Authorization: Bearer TOKEN`; on one machine `npm run -s aurum -- token` prints one.',
  });
}

/** A member of two tenants is a mistake of the identity provider that must not be guessed about. */
function rolesOf(groups: readonly string[]): { roles: Role[]; tenant: string | undefined } {
  const claimed = groups.filter((group) => /^\W*tenant\b/i.test(group));
  const roles = groups.flatMap((group) => (Object.hasOwn(ROLE_GROUPS, group) ? [ROLE_GROUPS[group]!] : []));
  // A tenant that is not understood must not leave its member as staff.
  const tenants = [...new Set(claimed.map((group) => TENANT_GROUP.exec(group)?.[1]))];
  if (tenants.length > 1 || (claimed.length > 0 && tenants[0] === undefined) || tenants[0] === HOUSE_TENANT) {
    throw refusal('token_unauthorised', 'the token names more than one tenant, or one that cannot be', {
      remedy: 'Have the groups of the account corrected.',
    });
  }
  const tenant = tenants[0];
  // Whatever else the groups say: a tenant's member is never staff.
  return { roles: tenant === undefined ? roles : ['tenant'], tenant };
}

function entitlementReader(sql: Sql): (tenant: string) => Promise<readonly Entitlement[]> {
  const known = new LRUCache<string, Promise<readonly Entitlement[]>>({
    max: MAX_TENANTS,
    ttl: ENTITLEMENTS_FRESH_MS,
  });
  return (tenant) => {
    const held = known.get(tenant);
    if (held !== undefined) return held;
    const reading = entitlementsOf(sql, tenant).then((entitlements) => {
      if (entitlements !== undefined) return entitlements;
      throw refusal('tenant_forbidden', `tenant ${tenant} is not registered`, {
        remedy: 'Ask an administrator: `aurum tenant add`, then `aurum tenant entitle`.',
      });
    });
    known.set(tenant, reading);
    reading.catch(() => known.delete(tenant));
    return reading;
  };
}
