/** Who works at the desk. The token lives in this tab only and ends with it. */
import { type Answer, aurum } from '../../client/aurum.ts';

const STORED = 'aurum-token';

export type Me = Answer<'GET /v1/me'>['data'] & { readonly auth: 'development' | 'oidc' };
export type Role = Me['roles'][number];

const token = () => sessionStorage.getItem(STORED) ?? undefined;

export const api = aurum({ url: '', token });

export async function whoami(): Promise<Me> {
  const { meta, data } = await api.get('/v1/me', {});
  return { ...data, auth: meta.auth };
}

/** While the machine itself vouches for callers. @throws AurumProblem `session_forbidden` where a provider does. */
export async function signIn(role: Role, tenant: string | undefined): Promise<void> {
  const { data } = await api.post('/v1/session', {}, { role, ...(tenant === undefined ? {} : { tenant }) });
  sessionStorage.setItem(STORED, data.token);
}

export const signOut = (): void => sessionStorage.removeItem(STORED);
