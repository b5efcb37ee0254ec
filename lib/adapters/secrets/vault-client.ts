/**
 * Calls of Vault's HTTP API (or OpenBao's) under a token that is kept alive: given, or got by an AppRole login; renewed when
 * two thirds of its life are over, got anew when it cannot be renewed further. Nothing runs between calls. Knows no engine.
 */
import { z } from 'zod';
import { AurumError, busy } from '#lib/domain/errors.ts';

export interface VaultOptions {
  /** `https://vault.example:8200` */
  readonly address: string;
  readonly auth: { readonly token: string } | { readonly role_id: string; readonly secret_id: string };
  readonly namespace?: string;
  /** Default 5,000. */
  readonly timeout_ms?: number;
}

export interface VaultAnswer {
  readonly status: number;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
}

export interface VaultClient {
  /** The answer, when it says done (2xx) or absent (404). @throws AurumError for everything else. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<VaultAnswer>;
  /** Ends a token that we logged in for. */
  close(): Promise<void>;
}

/** A lease or token is renewed when this part of its life is over. */
export const RENEW_AFTER = 2 / 3;

interface Token {
  readonly value: string;
  readonly renewable: boolean;
  readonly lifetime_ms: number;
  readonly renew_at: number;
  readonly expires_at: number;
}

const login = z.object({
  auth: z.object({ client_token: z.string(), lease_duration: z.number(), renewable: z.boolean() }),
});
const lookup = z.object({ data: z.object({ ttl: z.number(), renewable: z.boolean().default(false) }) });

export function vaultClient(options: VaultOptions): VaultClient {
  let token: Token | undefined;
  let refreshing: Promise<Token> | undefined;
  const valid = async (): Promise<Token> => {
    if (token !== undefined && Date.now() < token.renew_at) return token;
    refreshing ??= refreshed(options, token).finally(() => {
      refreshing = undefined;
    });
    token = await refreshing;
    return token;
  };
  return {
    async ask(method, path, body) {
      const used = await valid();
      const answer = await call(options, used.value, method, path, body);
      // A token that was revoked, or lost with the server's state, is refused as one without the right is.
      if (answer.status !== 403 || 'token' in options.auth) return checked(options, path, answer);
      if (token === used) token = undefined;
      return checked(options, path, await call(options, (await valid()).value, method, path, body));
    },
    async close() {
      const ended = token;
      token = undefined;
      if (ended !== undefined && 'role_id' in options.auth) {
        await call(options, ended.value, 'POST', 'auth/token/revoke-self');
      }
    },
  };
}

async function refreshed(options: VaultOptions, old: Token | undefined): Promise<Token> {
  if (old === undefined || Date.now() >= old.expires_at) return newToken(options);
  try {
    const renewed = old.renewable ? await renew(options, old) : undefined;
    // At its longest life a token is renewed for ever shorter times.
    if (renewed !== undefined && renewed.lifetime_ms > old.lifetime_ms / 2) {
      return { ...renewed, lifetime_ms: old.lifetime_ms };
    }
    return 'token' in options.auth
      ? (renewed ?? { ...old, renew_at: old.expires_at })
      : await newToken(options);
  } catch (error) {
    if (error instanceof AurumError && error.retryable) return { ...old, renew_at: soon(old.expires_at) };
    throw error;
  }
}

/** When Vault is away, what still holds is used on, and asked for again a little later. */
export function soon(expires_at: number): number {
  return Math.min(Date.now() + 5_000, expires_at);
}

async function newToken(options: VaultOptions): Promise<Token> {
  const { auth } = options;
  if ('token' in auth) {
    const answer = await call(options, auth.token, 'GET', 'auth/token/lookup-self');
    const { data } = parsed(
      lookup,
      'auth/token/lookup-self',
      checked(options, 'auth/token/lookup-self', answer),
    );
    return tokenOf(auth.token, data.ttl, data.renewable);
  }
  const answer = await call(options, undefined, 'POST', 'auth/approle/login', auth);
  if (answer.status === 400) throw unauthorised(options, `the AppRole login: ${reasonOf(answer)}`);
  const { auth: got } = parsed(login, 'auth/approle/login', checked(options, 'auth/approle/login', answer));
  return tokenOf(got.client_token, got.lease_duration, got.renewable);
}

/** Undefined when Vault no longer renews it. */
async function renew(options: VaultOptions, old: Token): Promise<Token | undefined> {
  const answer = await call(options, old.value, 'POST', 'auth/token/renew-self', {});
  if (answer.status === 400 || answer.status === 403) return undefined;
  const { auth } = parsed(login, 'auth/token/renew-self', checked(options, 'auth/token/renew-self', answer));
  return tokenOf(old.value, auth.lease_duration, auth.renewable);
}

/** A lifetime of 0 s is none: it never ends. */
function tokenOf(value: string, lifetime_s: number, renewable: boolean): Token {
  const lifetime_ms = lifetime_s === 0 ? Number.POSITIVE_INFINITY : lifetime_s * 1000;
  const now = Date.now();
  return {
    value,
    renewable,
    lifetime_ms,
    renew_at: now + lifetime_ms * RENEW_AFTER,
    expires_at: now + lifetime_ms,
  };
}

async function call(
  { address, namespace, timeout_ms = 5_000 }: VaultOptions,
  token: string | undefined,
  method: string,
  path: string,
  body?: object,
): Promise<VaultAnswer> {
  const url = `${address.replace(/\/+$/, '')}/v1/${path.split('/').map(encodeURIComponent).join('/')}`;
  const headers = {
    'X-Vault-Request': 'true',
    ...(token === undefined ? {} : { 'X-Vault-Token': token }),
    ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  try {
    const signal = AbortSignal.timeout(timeout_ms);
    const answer = await fetch(url, { method, headers, signal, ...content });
    return { status: answer.status, body: jsonOf(await answer.text()) };
  } catch (cause) {
    const { message, name, cause: inner } = cause as Error;
    const reason =
      (inner as { code?: string } | undefined)?.code ?? (name === 'TimeoutError' ? name : message);
    throw unavailable(address, `does not answer: ${reason}`, cause);
  }
}

/** Undefined when it is none: the text of a parser's error would quote what may be a secret. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checked(options: VaultOptions, path: string, answer: VaultAnswer): VaultAnswer {
  const { status } = answer;
  if (status < 300 || status === 404) return answer;
  if (status === 403 || status === 401) throw unauthorised(options, `${path}: ${reasonOf(answer)}`);
  if (status >= 500 || status === 429 || status === 472 || status === 473) {
    throw unavailable(options.address, `cannot now (${status}): ${reasonOf(answer)}`);
  }
  throw new AurumError(
    'fault',
    'vault_refused',
    `Vault at ${options.address} refused ${path} (${status}): ${reasonOf(answer)}`,
  );
}

/** What the answer holds, as the schema has it. */
export function parsed<T>(schema: z.ZodType<T>, path: string, { body }: VaultAnswer): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  // The issue names a field, never its value.
  const reason = `${issue?.path.join('.')}: ${issue?.message}`;
  throw new AurumError(
    'fault',
    'vault_answer_unexpected',
    `Vault answered ${path} in another form: ${reason}`,
  );
}

function reasonOf({ body }: VaultAnswer): string {
  const errors = (body as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(errors) && errors.length > 0 ? errors.join('; ').trim() : 'no reason given';
}

function unavailable(address: string, reason: string, cause?: unknown): AurumError {
  return busy('vault_unavailable', `Vault at ${address} ${reason}`, {
    remedy: 'Start or unseal it, or set AURUM_VAULT_ADDR to one that runs.',
    cause,
  });
}

function unauthorised({ address, auth }: VaultOptions, reason: string): AurumError {
  const settings = 'token' in auth ? 'AURUM_VAULT_TOKEN' : 'AURUM_VAULT_ROLE_ID and AURUM_VAULT_SECRET_ID';
  return new AurumError('fault', 'vault_unauthorised', `Vault at ${address} refused ${reason}`, {
    remedy: `Set ${settings} to a login whose policy allows it.`,
  });
}
