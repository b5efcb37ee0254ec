/**
 * A client of the API for browsers and Node: every route by its path, parameters, bodies and answers typed from the
 * OpenAPI. Knows no route by name; runs on `fetch` and nothing else.
 */
import type { Problem, Routes } from './routes.gen.ts';

export type * from './routes.gen.ts';

type PathOf<Method extends string> = {
  [Route in keyof Routes]: Route extends `${Method} ${infer Path}` ? Path : never;
}[keyof Routes];

export type GetPath = PathOf<'GET'>;
export type PostPath = PathOf<'POST'>;

export type Parameters<Route extends keyof Routes> = Routes[Route]['parameters'];
export type Answer<Route extends keyof Routes> = Routes[Route]['answer'];
export type Body<Route extends keyof Routes> = Routes[Route] extends { body: infer Given }
  ? Given
  : undefined;
/** One row of a list. */
export type Row<Route extends keyof Routes> =
  Answer<Route> extends { data: readonly (infer Item)[] } ? Item : never;

export interface AurumOptions {
  /** `https://aurum.example.com`; in a browser '' for the page's own origin. */
  readonly url: string;
  /** The access token of each request; undefined sends none. */
  readonly token?: () => string | undefined;
  readonly fetch?: typeof fetch;
}

export interface Aurum {
  get<Path extends GetPath>(
    path: Path,
    parameters: Parameters<`GET ${Path}`>,
    options?: CallOptions,
  ): Promise<Answer<`GET ${Path}`>>;
  post<Path extends PostPath>(
    path: Path,
    parameters: Parameters<`POST ${Path}`>,
    body: Body<`POST ${Path}`>,
    options?: CallOptions,
  ): Promise<Answer<`POST ${Path}`>>;
  /** All rows of a list, asking page after page as they are taken. */
  rows<Path extends GetPath>(
    path: Path,
    parameters: Parameters<`GET ${Path}`>,
    options?: CallOptions,
  ): AsyncGenerator<Row<`GET ${Path}`>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Media type asked for; whatever is not JSON is given as the `Response`. */
  readonly accept?: string;
}

/** What the API refused, or could not do now: RFC 9457, with the stable `code` a program decides by. */
export class AurumProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'AurumProblem';
    this.problem = problem;
  }
}

export function aurum(options: AurumOptions): Aurum {
  const call = async (method: string, path: string, given: object, more: CallOptions, body?: unknown) => {
    const headers: Record<string, string> = { accept: more.accept ?? 'application/json' };
    const token = options.token?.();
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const sent = body === undefined ? undefined : payload(body);
    if (sent !== undefined) headers['content-type'] = sent.type;
    const response = await (options.fetch ?? fetch)(options.url + target(path, given), {
      method,
      headers,
      ...(sent === undefined ? {} : { body: sent.body }),
      ...(more.signal === undefined ? {} : { signal: more.signal }),
    });
    if (!response.ok) throw await problemOf(response, path);
    return isJson(response) ? response.json() : response;
  };
  // What the types promise of a route is what the OpenAPI says of it.
  const get = (path: string, parameters: object, more: CallOptions = {}) =>
    call('GET', path, parameters, more);
  const post = (path: string, parameters: object, body: unknown, more: CallOptions = {}) =>
    call('POST', path, parameters, more, body);
  async function* rows(path: string, parameters: object, more: CallOptions = {}): AsyncGenerator<unknown> {
    let cursor: string | null | undefined;
    do {
      const page = (await get(path, cursor ? { ...parameters, cursor } : parameters, more)) as Page;
      yield* page.data;
      cursor = page.meta.next_cursor;
    } while (cursor);
  }
  return { get, post, rows } as Aurum;
}

interface Page {
  readonly meta: { readonly next_cursor?: string | null };
  readonly data: readonly unknown[];
}

/** `{name}` in the path is taken from the parameters; the others are the query. */
function target(path: string, parameters: object): string {
  const query = new URLSearchParams();
  const filled = Object.entries(parameters).reduce((text, [name, value]) => {
    if (value === undefined) return text;
    const place = `{${name}}`;
    if (text.includes(place)) return text.replace(place, encodeURIComponent(String(value)));
    query.set(name, String(value));
    return text;
  }, path);
  return query.size === 0 ? filled : `${filled}?${query}`;
}

function payload(body: unknown): {
  readonly type: string;
  readonly body: string | Blob | Uint8Array<ArrayBuffer>;
} {
  if (body instanceof Blob || body instanceof Uint8Array) {
    return { type: 'application/octet-stream', body: body as Blob | Uint8Array<ArrayBuffer> };
  }
  return { type: 'application/json', body: JSON.stringify(body) };
}

const isJson = ({ headers }: Response) =>
  headers.get('content-type')?.startsWith('application/json') === true;

/** Also what stands between us and the API answers, and not always in JSON. */
async function problemOf(response: Response, instance: string): Promise<AurumProblem> {
  const { status, statusText } = response;
  if (response.headers.get('content-type')?.startsWith('application/problem+json') === true) {
    return new AurumProblem((await response.json()) as Problem);
  }
  return new AurumProblem({
    type: 'about:blank',
    title: statusText,
    status,
    code: 'answer_unexpected',
    detail: `the server answered ${status} ${statusText}`,
    instance,
  });
}
