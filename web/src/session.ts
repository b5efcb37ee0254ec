/**
 * Who works at the desk. A token that was given lives in this tab only and ends with it; behind an identity provider there is
 * none, and the proxy before the desk adds its own to each request.
 */
import { type Answer, AurumProblem, aurum } from '../../client/aurum.ts';

const STORED = 'aurum-token';

export type Me = Answer<'GET /v1/me'>['data'] & { readonly auth: 'development' | 'oidc' };
export type Role = Me['roles'][number];

/** Sent on the window when the server no longer knows the caller. */
export const SESSION_ENDED = 'sessionended';

const token = () => sessionStorage.getItem(STORED) ?? undefined;

export const api = aurum({ url: '', token, fetch: fetchHere });

/** A redirect is the proxy's, to a page for people: followed by a script it would only fail at the provider's origin. */
async function fetchHere(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, redirect: 'manual' });
  const isAway = response.type === 'opaqueredirect';
  if (isAway || response.status === 401) dispatchEvent(new Event(SESSION_ENDED));
  if (!isAway) return response;
  throw new AurumProblem({
    type: 'about:blank',
    title: 'Unauthorized',
    status: 401,
    code: 'session_ended',
    detail: 'the identity provider asks for a sign-in',
    instance: String(input),
  });
}

/** A file as its bytes lie there, whatever it holds. */
export async function fileOf(path: string): Promise<Blob> {
  const held = token();
  const headers = held === undefined ? undefined : { authorization: `Bearer ${held}` };
  const response = await fetchHere(path, headers === undefined ? {} : { headers });
  if (!response.ok) throw new AurumProblem(await response.json());
  return response.blob();
}

export async function whoami(): Promise<Me> {
  const { meta, data } = await api.get('/v1/me', {});
  return { ...data, auth: meta.auth };
}

/** While the machine itself vouches for callers. @throws AurumProblem `session_forbidden` where a provider does. */
export async function signIn(role: Role, tenant: string | undefined): Promise<void> {
  const { data } = await api.post('/v1/session', {}, { role, ...(tenant === undefined ? {} : { tenant }) });
  keepToken(data.token);
}

const PLACE = 'aurum-place';

/** To the provider and back: the part of the address that shows what was looked at is not sent there. */
export function signInThere(): void {
  sessionStorage.setItem(PLACE, location.hash);
  location.reload();
}

/** What was looked at before, once. */
export function placeBefore(): string | null {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  return place;
}

export const keepToken = (given: string): void => sessionStorage.setItem(STORED, given);

export const signOut = (): void => sessionStorage.removeItem(STORED);

/** A machine that vouches for callers answers to its own name only: under any other a provider does. */
export const mayVouchItself = (): boolean => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);
