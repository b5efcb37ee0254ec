/**
 * A bearer token -> who it is about, or 401. Signature, issuer, audience and times are jose's; what jose leaves open is
 * refused here: tokens that are long, endless, carry keys of their own, or are ID tokens. Knows no roles.
 */
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { type AurumError, busy, refusal } from '#lib/domain/errors.ts';

export interface TokenVerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: JWTVerifyGetKey;
  /** Claim that lists the groups. */
  readonly groups_claim: string;
  /** By how much clocks may differ. */
  readonly tolerance_s: number;
}

export interface VerifiedToken {
  readonly subject: string;
  readonly groups: readonly string[];
  readonly expires_ms: number;
}

/** Asymmetric only: a public key must never be taken for a shared secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
const MAX_TOKEN_LENGTH = 8_192;
const MAX_LIFETIME_S = 26 * 3_600;
const REMEMBERED_TOKENS = 1_000;
/** A key that its issuer has withdrawn may still vouch for so long. */
const REMEMBERED_MS = 60_000;
const MAX_GROUPS = 200;
/** What may stand in an audit trail. */
const NAME = /^[^\p{Cc}]{1,256}$/u;
/** Of an access token (RFC 9068); many issuers say no more than that it is a JWT. */
const TYPES: readonly (string | undefined)[] = ['at+jwt', 'jwt', undefined];
/** Headers by which a token would bring its own key. */
const OWN_KEY_HEADERS = ['jku', 'jwk', 'x5u', 'x5c'];

/** @throws AurumError `token_unauthorised`; `issuer_unavailable` when its keys cannot be had now. */
export function tokenVerifier(options: TokenVerifierOptions): (token: string) => Promise<VerifiedToken> {
  const verified = new LRUCache<string, VerifiedToken>({ max: REMEMBERED_TOKENS, ttl: REMEMBERED_MS });
  return async (token) => {
    const known = verified.get(token);
    if (known !== undefined && known.expires_ms > Date.now()) return known;
    const fresh = await verify(token, options);
    verified.set(token, fresh);
    return fresh;
  };
}

async function verify(token: string, options: TokenVerifierOptions): Promise<VerifiedToken> {
  if (token.length > MAX_TOKEN_LENGTH) throw unauthorised('the token is too long');
  const { issuer, audience, keys, tolerance_s } = options;
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: tolerance_s,
    requiredClaims: ['sub', 'exp', 'iat'],
  }).catch((error: unknown) => {
    throw asRefusal(error);
  });
  if (OWN_KEY_HEADERS.some((name) => Object.hasOwn(protectedHeader, name))) {
    throw unauthorised('the token names a key of its own');
  }
  const { typ } = protectedHeader as { typ?: unknown };
  if (
    !TYPES.includes(
      typ === undefined
        ? typ
        : String(typ)
            .toLowerCase()
            .replace(/^application\//, ''),
    )
  ) {
    throw unauthorised('the token is not an access token');
  }
  return checkedClaims(payload, options);
}

function checkedClaims(
  payload: JWTPayload,
  { groups_claim, tolerance_s }: TokenVerifierOptions,
): VerifiedToken {
  const { sub, exp, iat, nbf } = payload;
  if (typeof sub !== 'string' || !NAME.test(sub) || !sub.isWellFormed()) {
    throw unauthorised('sub is not a name');
  }
  if (![exp, iat, nbf ?? 0].every(Number.isSafeInteger)) throw unauthorised('exp, iat or nbf is no instant');
  const now_s = Date.now() / 1_000;
  if (exp! - now_s > MAX_LIFETIME_S) throw unauthorised('the token is valid for longer than a day');
  if (iat! > now_s + tolerance_s) throw unauthorised('the token was issued in the future');
  if (payload.typ === 'ID' || 'nonce' in payload || 'at_hash' in payload) {
    throw unauthorised('an ID token is no access token');
  }
  const groups = payload[groups_claim] ?? [];
  if (
    !Array.isArray(groups) ||
    groups.length > MAX_GROUPS ||
    !groups.every((group) => typeof group === 'string')
  ) {
    throw unauthorised(`${groups_claim} is no list of names`);
  }
  return { subject: sub, groups, expires_ms: (exp! + tolerance_s) * 1_000 };
}

function asRefusal(error: unknown): unknown {
  if (isAboutKeys(error)) {
    return busy('issuer_unavailable', 'the keys of the token issuer cannot be had now', { cause: error });
  }
  if (error instanceof errors.JOSEError) return unauthorised(reasonOf(error));
  return error;
}

/** The keys could not be fetched, or what was fetched is no set of keys: no fault of the token. */
function isAboutKeys(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  return error instanceof TypeError || (error as { code?: unknown }).code === 'ERR_JOSE_GENERIC';
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `the claim ${error.claim} does not hold`;
  return 'the token is not valid';
}

function unauthorised(reason: string): AurumError {
  return refusal('token_unauthorised', reason, {
    remedy: 'Send a fresh access token as `Authorization: Bearer`.',
  });
}
