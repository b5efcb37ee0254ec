/**
 * The operations of lakeFS's REST API that we use, each with the outcomes it may have. What passes by itself (busy, locked,
 * restarting) is tried again here; every operation may be repeated. Knows nothing of what is versioned.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AurumError, busy } from '#lib/domain/errors.ts';

export interface LakefsOptions {
  /** `https://lakefs.example:8000`, without `/api/v1`. */
  readonly endpoint: string;
  readonly access_key: string;
  readonly secret_key: string;
  readonly repository: string;
  /** Of one request; default 30,000: a merge waits for its hooks. */
  readonly timeout_ms?: number;
  /** Before the first repetition, doubled for each further one; default 200. */
  readonly retry_delay_ms?: number;
}

const commit = z.object({
  id: z.string(),
  parents: z.array(z.string()),
  message: z.string(),
  metadata: z.record(z.string(), z.string()).nullish(),
  creation_date: z.number(),
});
export type LakefsCommit = z.infer<typeof commit>;

const pagination = z.object({ has_more: z.boolean(), next_offset: z.string() });
const commits = z.object({ pagination, results: z.array(commit) });
const tags = z.object({ pagination, results: z.array(z.object({ id: z.string(), commit_id: z.string() })) });
const changes = z.object({ pagination, results: z.array(z.object({ path: z.string(), type: z.string() })) });
const merged = z.object({ reference: z.string() });

const branchPath = (branch: string) => `/branches/${encodeURIComponent(branch)}`;
const refPath = (ref: string) => `/refs/${encodeURIComponent(ref)}`;

export type LakefsClient = ReturnType<typeof lakefsClient>;

const MAX_ATTEMPTS = 6;
const PAGE_SIZE = 500;

export function lakefsClient(options: LakefsOptions) {
  const repository = `/repositories/${encodeURIComponent(options.repository)}`;
  const ask = (method: string, path: string, body?: unknown) =>
    answerOf(options, method, repository + path, body);
  return {
    async createRepository(storage_namespace: string): Promise<'created' | 'exists'> {
      const body = { name: options.repository, storage_namespace, default_branch: 'main' };
      const answer = await answerOf(options, 'POST', '/repositories', body);
      return outcome(options, answer, { 201: 'created', 409: 'exists' });
    },
    async createBranch(name: string, source: string): Promise<'created' | 'exists' | 'source_unknown'> {
      const answer = await ask('POST', '/branches', { name, source });
      return outcome(options, answer, { 201: 'created', 409: 'exists', 404: 'source_unknown' });
    },
    async deleteBranch(name: string): Promise<'deleted' | 'absent'> {
      return outcome(options, await ask('DELETE', branchPath(name)), { 204: 'deleted', 404: 'absent' });
    },
    async putObject(branch: string, path: string, content: Uint8Array): Promise<'stored' | 'branch_unknown'> {
      const answer = await ask(
        'POST',
        `${branchPath(branch)}/objects?path=${encodeURIComponent(path)}`,
        content,
      );
      return outcome(options, answer, { 201: 'stored', 404: 'branch_unknown' });
    },
    /** Whether the ref is there and has the object. */
    async hasObject(ref: string, path: string): Promise<boolean> {
      const answer = await ask('GET', `${refPath(ref)}/objects/stat?path=${encodeURIComponent(path)}`);
      return outcome(options, answer, { 200: true, 404: false });
    },
    async commit(branch: string, message: string): Promise<'committed' | 'no_changes' | 'branch_unknown'> {
      const answer = await ask('POST', `${branchPath(branch)}/commits`, { message });
      if (saysNoChanges(answer)) return 'no_changes';
      return outcome(options, answer, { 201: 'committed', 404: 'branch_unknown' });
    },
    /** @returns the merge's commit, or why there is none. */
    async merge(
      source: string,
      destination: string,
      change: {
        readonly message: string;
        readonly metadata: Readonly<Record<string, string>>;
        readonly strategy?: 'source-wins';
      },
    ): Promise<{ readonly commit: string } | 'no_changes' | 'conflict' | 'hook_failed' | 'ref_unknown'> {
      const answer = await ask('POST', `${refPath(source)}/merge/${encodeURIComponent(destination)}`, change);
      if (answer.status === 200) return { commit: parsed(options, merged, answer).reference };
      if (saysNoChanges(answer)) return 'no_changes';
      return outcome(options, answer, { 404: 'ref_unknown', 409: 'conflict', 412: 'hook_failed' });
    },
    async createTag(id: string, ref: string): Promise<'created' | 'exists' | 'ref_unknown'> {
      const answer = await ask('POST', '/tags', { id, ref });
      return outcome(options, answer, { 201: 'created', 409: 'exists', 404: 'ref_unknown' });
    },
    /** The newest commit of a ref; undefined when the ref is unknown. */
    async head(ref: string): Promise<LakefsCommit | undefined> {
      const answer = await ask('GET', `${refPath(ref)}/commits?amount=1`);
      if (outcome(options, answer, { 200: false, 404: true })) return undefined;
      return parsed(options, commits, answer).results[0];
    },
    ...listings(options, ask),
  };
}

/** What comes in pages. */
function listings(options: LakefsOptions, ask: (method: string, path: string) => Promise<Answer>) {
  return {
    tags: (prefix: string) =>
      pages(options, tags, (page) => ask('GET', `/tags?prefix=${encodeURIComponent(prefix)}&${page}`)),
    /** Objects below `prefix` that differ between two refs. @throws what `unknown` makes when one of them is. */
    changes: (from: string, to: string, prefix: string, unknown: () => AurumError) =>
      pages(options, changes, async (page) => {
        const path = `${refPath(from)}/diff/${encodeURIComponent(to)}`;
        const answer = await ask('GET', `${path}?prefix=${encodeURIComponent(prefix)}&${page}`);
        if (answer.status === 404 && !saysNoRepository(answer)) throw unknown();
        return answer;
      }),
    /** Children before parents. @throws what `unknown` makes when the ref is. */
    log: (ref: string, unknown: () => AurumError) =>
      pages(options, commits, async (page) => {
        const answer = await ask('GET', `${refPath(ref)}/commits?${page}`);
        if (answer.status === 404 && !saysNoRepository(answer)) throw unknown();
        return answer;
      }),
  };
}

/** All results, page after page. */
async function* pages<T>(
  options: LakefsOptions,
  schema: z.ZodType<{ readonly pagination: z.infer<typeof pagination>; readonly results: readonly T[] }>,
  ask: (page: string) => Promise<Answer>,
): AsyncGenerator<T> {
  let after = '';
  for (;;) {
    const answer = await ask(`amount=${PAGE_SIZE}&after=${encodeURIComponent(after)}`);
    const found = parsed(options, schema, outcome(options, answer, { 200: answer }));
    yield* found.results;
    if (!found.pagination.has_more) return;
    after = found.pagination.next_offset;
  }
}

interface Answer {
  readonly request: string;
  readonly status: number;
  readonly text: string;
}

async function answerOf(
  options: LakefsOptions,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const { retry_delay_ms = 200 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await request(options, method, path, body);
      if (!passesByItself(answer.status)) return answer;
      throw unavailable(options, `answers ${answer.status} ${reasonOf(answer)}`);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
      // Spread, so that those who met do not meet again.
      await delay(retry_delay_ms * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}

/** 423: the branch moved too often meanwhile; 429: too many requests. */
const passesByItself = (status: number) => status === 423 || status === 429 || status >= 500;

async function request(options: LakefsOptions, method: string, path: string, body: unknown): Promise<Answer> {
  const { endpoint, access_key, secret_key, timeout_ms = 30_000 } = options;
  const bytes = body instanceof Uint8Array;
  const content = bytes ? Uint8Array.from(body) : JSON.stringify(body);
  const type = bytes ? 'application/octet-stream' : 'application/json';
  try {
    const answer = await fetch(`${endpoint.replace(/\/+$/, '')}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Basic ${Buffer.from(`${access_key}:${secret_key}`).toString('base64')}`,
        ...(body === undefined ? {} : { 'Content-Type': type }),
      },
      signal: AbortSignal.timeout(timeout_ms),
      ...(body === undefined ? {} : { body: content }),
    });
    return { request: `${method} ${path}`, status: answer.status, text: await answer.text() };
  } catch (cause) {
    const { message, name, cause: inner } = cause as Error;
    const reason =
      (inner as { code?: string } | undefined)?.code ?? (name === 'TimeoutError' ? name : message);
    throw unavailable(options, `does not answer: ${reason}`, cause);
  }
}

/** The outcome a status stands for. @throws AurumError for every other. */
function outcome<const T>(options: LakefsOptions, answer: Answer, outcomes: Readonly<Record<number, T>>): T {
  const { status, request: asked } = answer;
  const { endpoint, repository } = options;
  if (saysNoRepository(answer)) {
    throw new AurumError(
      'fault',
      'lakefs_repository_missing',
      `lakeFS at ${endpoint} has no repository ${repository}`,
      {
        remedy: 'Create it (npm run bootstrap), or set AURUM_LAKEFS_REPO.',
      },
    );
  }
  if (Object.hasOwn(outcomes, status)) return outcomes[status]!;
  if (status === 401 || status === 403) {
    throw new AurumError(
      'fault',
      'lakefs_unauthorised',
      `lakeFS at ${endpoint} refused ${asked}: ${reasonOf(answer)}`,
      {
        remedy: 'Set AURUM_LAKEFS_ACCESS_KEY and AURUM_LAKEFS_SECRET_KEY to a pair that may do it.',
      },
    );
  }
  const message = `lakeFS at ${endpoint} answers ${asked} with ${status}: ${reasonOf(answer)}`;
  throw new AurumError('fault', 'lakefs_refused', message);
}

const saysNoRepository = (answer: Answer) => answer.status === 404 && /^repository\b/i.test(reasonOf(answer));
const saysNoChanges = (answer: Answer) => answer.status === 400 && reasonOf(answer).endsWith('no changes');

function parsed<T>(options: LakefsOptions, schema: z.ZodType<T>, answer: Answer): T {
  const result = schema.safeParse(jsonOf(answer.text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const message = `lakeFS at ${options.endpoint} answers ${answer.request} in another form`;
  throw new AurumError(
    'fault',
    'lakefs_answer_unexpected',
    `${message}: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

function reasonOf({ text }: Answer): string {
  const { message } = (jsonOf(text) ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : text.slice(0, 200);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable({ endpoint }: LakefsOptions, reason: string, cause?: unknown): AurumError {
  return busy('lakefs_unavailable', `lakeFS at ${endpoint} ${reason}`, {
    remedy: 'Start it, or set AURUM_LAKEFS_ENDPOINT to one that runs.',
    cause,
  });
}
