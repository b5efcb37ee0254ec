/** Requests to the API with the caller's token, its problems as errors. Knows no route. */
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { developmentToken } from '#lib/runtime/access/development-issuer.ts';
import { type Config, readConfig } from '#lib/runtime/config.ts';
import type { CommandIo } from './command.ts';

const TIMEOUT_MS = 30_000;
const MEMBER_VALID_S = 3_600;

export interface Answer<Data> {
  readonly meta: Readonly<Record<string, unknown>>;
  readonly data: Data;
}

type Query = Readonly<Record<string, string | undefined>>;

/** A GET, or a POST where there is a body. */
export type ApiCall = <Data>(path: string, query?: Query, body?: unknown) => Promise<Answer<Data>>;

/** @returns a function that throws AurumError: `refused` for a 4xx, `busy` when nothing answers. */
export function apiClient({ environment }: CommandIo): ApiCall {
  const config = readConfig(environment);
  const { AURUM_API_URL: api_url } = config;
  return async <Data>(path: string, query: Query = {}, body?: unknown) => {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const search = new URLSearchParams(given).toString();
    const url = `${api_url}${path}${search === '' ? '' : `?${search}`}`;
    const headers = {
      authorization: `Bearer ${await accessToken(config)}`,
      'content-type': 'application/json',
    };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetch(url, { ...sent, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (cause) {
      throw busy('api_unreachable', `nothing answers at ${api_url}`, {
        remedy: 'Start it with `npm start`, or set AURUM_API_URL.',
        cause,
      });
    }
    const text = await response.text();
    if (!response.ok) throw problemOf(response, text, path);
    try {
      return JSON.parse(text) as Answer<Data>;
    } catch (cause) {
      throw notTheApi(api_url, cause);
    }
  };
}

/** The same, asking as a member of the tenant: where this machine vouches for callers and no token is set. */
export async function asMemberOf(tenant: string, io: CommandIo): Promise<CommandIo> {
  const { AURUM_TOKEN, AURUM_AUTH, AURUM_HOME: home, ...config } = readConfig(io.environment);
  if (AURUM_TOKEN !== undefined || AURUM_AUTH !== 'development') return io;
  const token = await developmentToken(home, {
    subject: 'operator',
    role: 'tenant',
    tenant,
    audience: config.AURUM_OIDC_AUDIENCE,
    groups_claim: config.AURUM_OIDC_GROUPS_CLAIM,
    valid_s: MEMBER_VALID_S,
  });
  return { ...io, environment: { ...io.environment, AURUM_TOKEN: token } };
}

/** The token that is set; else, where this machine vouches for callers, one of its operator's own. */
async function accessToken(config: Config): Promise<string> {
  if (config.AURUM_TOKEN !== undefined) return config.AURUM_TOKEN;
  if (config.AURUM_AUTH !== 'development') {
    throw refusal('setting_missing', 'AURUM_TOKEN is not set', {
      field: 'AURUM_TOKEN',
      remedy: `Get an access token from ${config.AURUM_OIDC_ISSUER} and put it there.`,
    });
  }
  return developmentToken(config.AURUM_HOME, {
    subject: 'operator',
    role: 'admin',
    audience: config.AURUM_OIDC_AUDIENCE,
    groups_claim: config.AURUM_OIDC_GROUPS_CLAIM,
    valid_s: 60,
  });
}

function notTheApi(api_url: string, cause: unknown): AurumError {
  const remedy = 'Check AURUM_API_URL.';
  return busy('api_answer_unreadable', `what answers at ${api_url} is not the API`, { remedy, cause });
}

/** The API's own problem as an error; any other body by its status alone. */
function problemOf(response: Response, text: string, path: string): AurumError {
  const problem = problemBody(text);
  const message = problem.detail ?? `${path} answered ${response.status}`;
  const code = problem.code ?? `http_${response.status}`;
  if (response.status >= 500)
    return new AurumError(response.status === 503 ? 'busy' : 'fault', code, message, problem.options);
  return refusal(code, message, problem.options);
}

function problemBody(text: string) {
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // A proxy's page: the status says what there is to say.
  }
  const named = (name: string) => (typeof body?.[name] === 'string' ? { [name]: body[name] } : {});
  return {
    detail: named('detail').detail,
    code: named('code').code,
    options: { ...named('remedy'), ...named('file'), ...named('sheet'), ...named('cell'), ...named('field') },
  };
}
