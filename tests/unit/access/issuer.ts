/** An identity provider on a free port: its configuration and keys over HTTP, counted, and tokens it signs. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

export const AUDIENCE = 'aurum';
export const KID = 'key-1';

export interface Issuer {
  readonly url: string;
  readonly keys: { readonly private: CryptoKey; readonly public_pem: string; readonly public_jwk: JWK };
  /** Requests answered so far, by path. */
  readonly asked: Map<string, number>;
  /** From now on keys are answered with this status; 200 again with the keys. */
  answerWith(status: number): void;
  /** A token as it signs them; what is given replaces claims, undefined leaves one out. */
  token(claims?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
  close(): void;
}

export const seconds = () => Math.floor(Date.now() / 1_000);

export async function issuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const public_jwk = { ...(await exportJWK(publicKey)), kid: KID, alg: 'ES256', use: 'sig' };
  const asked = new Map<string, number>();
  let status = 200;
  const server = createServer((request, response) => {
    const path = request.url!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    const bodies: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/jwks` },
      '/jwks': { keys: [public_jwk] },
    };
    response.writeHead(path === '/jwks' ? status : path in bodies ? 200 : 404);
    response.end(JSON.stringify(bodies[path] ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    keys: { private: privateKey, public_pem: await exportSPKI(publicKey), public_jwk },
    asked,
    answerWith: (given) => {
      status = given;
    },
    token: async (claims = {}, header = {}) =>
      new SignJWT(claimsOf(url, claims))
        .setProtectedHeader({ alg: 'ES256', kid: KID, typ: 'at+jwt', ...header })
        .sign(privateKey),
    close: () => server.close(),
  };
}

/** What a good token says, with the given changes. */
export function claimsOf(iss: string, changes: Record<string, unknown>): JWTPayload {
  const now_s = seconds();
  const good = { iss, aud: AUDIENCE, sub: 'ann', iat: now_s, exp: now_s + 300, groups: ['aurum-analyst'] };
  const claims: Record<string, unknown> = { ...good, ...changes };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/** A token put together by hand, for what no library signs. */
export function rawToken(header: unknown, payload: unknown, signature: string | Uint8Array = ''): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(payload)}.${Buffer.from(signature).toString('base64url')}`;
}
