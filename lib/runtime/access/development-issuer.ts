/**
 * The issuer of tokens on one machine: a key in AURUM_HOME signs for whoever may read it. It stands in for the identity
 * provider; a deployment names its own by AURUM_OIDC_ISSUER and never reads this key.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Role } from '#lib/domain/access.ts';

export const DEVELOPMENT_ISSUER = 'aurum-development';

export interface TokenRequest {
  readonly subject: string;
  readonly role: Exclude<Role, 'tenant'> | 'tenant';
  readonly tenant?: string | undefined;
  readonly audience: string;
  readonly groups_claim: string;
  readonly valid_s: number;
}

const keyFile = (home: string) => join(home, 'issuer.jwk');

/** The private key, made at the first call; of two processes at once one makes it. */
async function privateKey(home: string): Promise<JWK> {
  const read = () => JSON.parse(readFileSync(keyFile(home), 'utf8')) as JWK;
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey: made } = await generateKeyPair('ES256', { extractable: true });
  mkdirSync(home, { recursive: true });
  try {
    writeFileSync(keyFile(home), JSON.stringify(await exportJWK(made)), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return read();
}

/** What tokens of this issuer are verified with. */
export async function developmentKey(home: string): Promise<JWK> {
  const { kty, crv, x, y } = await privateKey(home);
  return { kty, crv, x, y } as JWK;
}

/** Signs a token as the identity provider would: groups `aurum-<role>` and `tenant-<id>`. */
export async function developmentToken(home: string, request: TokenRequest): Promise<string> {
  const { subject, role, tenant, audience, groups_claim, valid_s } = request;
  const groups = [
    ...(role === 'tenant' ? [] : [`aurum-${role}`]),
    ...(tenant === undefined ? [] : [`tenant-${tenant}`]),
  ];
  const now_s = Math.floor(Date.now() / 1_000);
  return new SignJWT({ [groups_claim]: groups })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setIssuer(DEVELOPMENT_ISSUER)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(now_s)
    .setExpirationTime(now_s + valid_s)
    .sign(await importJWK(await privateKey(home), 'ES256'));
}
