/**
 * Nessie's two HTTP interfaces as functions: references and contents (API v2), commits of tables (Iceberg REST). 63-bit
 * ids survive both ways. Knows what an answer means for a reference; nothing of snapshots, manifests or market days.
 */
import { z } from 'zod';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { parseJson, printJson } from './iceberg/json.ts';
import { commitUnknown } from './table-files.ts';

export interface NessieClientOptions {
  /** Root of the service, e.g. `http://127.0.0.1:19120`; both interfaces lie below it. */
  readonly nessie_url: string;
  /** Name of the warehouse in Nessie's configuration. */
  readonly warehouse: string;
  /** Sent as bearer token when given. */
  readonly token?: string;
  /** After this long without an answer the call is given up as busy. */
  readonly timeout_ms?: number;
}

/** What a key (`market.curve_release`) holds at a commit. */
interface TableContent {
  readonly metadata_location: string;
  /** -1n for a table without snapshot. */
  readonly snapshot_id: bigint;
}

export interface ContentsAt {
  readonly commit: string;
  readonly tables: ReadonlyMap<string, TableContent>;
  readonly namespaces: ReadonlySet<string>;
}

type ReferenceType = 'BRANCH' | 'TAG';

export interface NessieClient {
  /** Where the warehouse's tables lie, e.g. `s3://aurum/curated/iceberg`. */
  warehouseLocation(): Promise<string>;
  /** The commit a branch or tag points to. */
  head(name: string): Promise<string | undefined>;
  /** Commit every repository begins with. */
  firstCommit(): Promise<string>;
  create(type: ReferenceType, name: string, commit: string): Promise<'created' | 'exists'>;
  /** Compare and swap of a branch. */
  assign(branch: string, from: string, to: string): Promise<'moved' | 'conflict'>;
  list(
    type: ReferenceType,
    prefix: string,
  ): Promise<readonly { readonly name: string; readonly commit: string }[]>;
  /** By branch or tag, or by commit. Undefined when there is no such reference or commit. */
  contents(at: string | { commit: string }, keys: readonly string[]): Promise<ContentsAt | undefined>;
  createNamespace(branch: string, name: string): Promise<void>;
  /** All changes as one commit on the branch, which was seen at `expected`. */
  commitTables(
    branch: string,
    expected: string,
    changes: readonly object[],
  ): Promise<'committed' | 'conflict'>;
}

const TIMEOUT_MS = 30_000;

const COMMIT = /^[0-9a-f]{8,64}$/;
const reference = z.object({ type: z.string(), name: z.string(), hash: z.string() });
const oneReference = z.object({ reference });
const references = z.object({
  references: z.array(reference),
  hasMore: z.boolean().optional(),
  token: z.string().nullish(),
});
const contents = z.object({
  contents: z.array(
    z.object({
      key: z.object({ elements: z.array(z.string()) }),
      content: z.discriminatedUnion('type', [
        z.object({ type: z.literal('NAMESPACE') }),
        z.object({
          type: z.literal('ICEBERG_TABLE'),
          metadataLocation: z.string(),
          snapshotId: z.union([z.int(), z.bigint()]).transform(BigInt),
        }),
      ]),
    }),
  ),
  effectiveReference: z.object({ hash: z.string() }),
});
const configuration = z.object({ noAncestorHash: z.string() });
const catalogConfiguration = z.object({ defaults: z.object({ warehouse: z.string() }) });

export function nessieClient(options: NessieClientOptions): NessieClient {
  const { warehouse } = options;
  const trees = '/api/v2/trees';
  const call = caller(options);
  const icebergAt = (ref: string) => `/iceberg/v1/${encodeURIComponent(`${ref}|${warehouse}`)}`;

  return {
    async warehouseLocation() {
      const query = new URLSearchParams({ warehouse });
      // An unknown warehouse is a server error to Nessie; elsewhere it would silently take its default one.
      const answer = await call('GET', `/iceberg/v1/config?${query}`, undefined, [500]);
      if (answer.status !== 500) return answer.as(catalogConfiguration).defaults.warehouse;
      throw new AurumError('fault', 'nessie_warehouse_unknown', `Nessie has no warehouse "${warehouse}"`, {
        remedy: 'Set AURUM_NESSIE_WAREHOUSE to a name of its nessie.catalog.warehouses settings.',
      });
    },
    async head(name) {
      const answer = await call('GET', `${trees}/${name}`, undefined, [404]);
      return answer.status === 404 ? undefined : answer.as(oneReference).reference.hash;
    },
    async firstCommit() {
      return (await call('GET', '/api/v2/config')).as(configuration).noAncestorHash;
    },
    async create(type, name, commit) {
      const body = { type: 'DETACHED', hash: checkedCommit(commit) };
      const answer = await call('POST', `${trees}?name=${name}&type=${type}`, body, [404, 409]);
      if (answer.status === 404) throw commitUnknown(commit);
      return answer.status === 409 ? 'exists' : 'created';
    },
    async assign(branch, from, to) {
      const path = `${trees}/${branch}@${checkedCommit(from)}?type=BRANCH`;
      const body = { type: 'DETACHED', hash: checkedCommit(to) };
      const answer = await call('PUT', path, body, [404, 409]);
      return answer.status === 200 ? 'moved' : 'conflict';
    },
    list: (type, prefix) => listReferences(call, type, prefix),
    async contents(at, keys) {
      const ref = typeof at === 'string' ? at : `@${checkedCommit(at.commit)}`;
      const query = new URLSearchParams(keys.map((key): [string, string] => ['key', key]));
      const answer = await call('GET', `${trees}/${ref}/contents?${query}`, undefined, [404]);
      return answer.status === 404 ? undefined : contentsOf(answer.as(contents));
    },
    async createNamespace(branch, name) {
      // 409: somebody else made it, which is as good.
      await call('POST', `${icebergAt(branch)}/namespaces`, { namespace: [name] }, [409]);
    },
    async commitTables(branch, expected, changes) {
      const path = `${icebergAt(`${branch}@${checkedCommit(expected)}`)}/transactions/commit`;
      const answer = await call('POST', path, { 'table-changes': changes }, [404, 409]);
      return answer.status < 300 ? 'committed' : 'conflict';
    },
  };
}

/** A name that Nessie takes too: it wants a letter first. */
export function checkedNessieName(name: string): string {
  if (/^[A-Za-z]/.test(name) && !name.endsWith('.')) return name;
  throw refusal('ref_name_invalid', `"${name}" cannot name a branch or tag in Nessie`, {
    remedy: 'Begin it with a letter and do not end it with a dot.',
  });
}

function checkedCommit(commit: string): string {
  if (COMMIT.test(commit)) return commit;
  throw commitUnknown(commit);
}

async function listReferences(call: Call, type: ReferenceType, prefix: string) {
  // A prefix no name can begin with finds none; what remains needs no quoting in the filter.
  if (!/^[-.\w]*$/.test(prefix)) return [];
  const filter = `refType == '${type}' && ref.name.startsWith('${prefix}')`;
  const found: { name: string; commit: string }[] = [];
  for (let token: string | undefined, more = true; more; ) {
    const query = new URLSearchParams({ filter, ...(token === undefined ? {} : { 'page-token': token }) });
    const page = (await call('GET', `/api/v2/trees?${query}`)).as(references);
    found.push(...page.references.map(({ name, hash }) => ({ name, commit: hash })));
    token = page.token ?? undefined;
    more = page.hasMore === true && token !== undefined;
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function contentsOf(answer: z.infer<typeof contents>): ContentsAt {
  const tables = new Map<string, TableContent>();
  const namespaces = new Set<string>();
  for (const { key, content } of answer.contents) {
    const name = key.elements.join('.');
    if (content.type === 'NAMESPACE') namespaces.add(name);
    else tables.set(name, { metadata_location: content.metadataLocation, snapshot_id: content.snapshotId });
  }
  return { commit: answer.effectiveReference.hash, tables, namespaces };
}

interface Answer {
  readonly status: number;
  as<Value>(schema: z.ZodType<Value>): Value;
}

type Call = (method: string, path: string, body?: object, expected?: readonly number[]) => Promise<Answer>;

/** Statuses that are not `expected` are errors: whether trying again helps follows from the status. */
function caller(options: NessieClientOptions): Call {
  const url = options.nessie_url.replace(/\/+$/, '');
  const headers = {
    'content-type': 'application/json',
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
  };
  // Whoever answers in Nessie's place may say back what it was sent.
  const withoutToken = (text: string) =>
    options.token === undefined ? text : text.replaceAll(options.token, '(token)');
  return async (method, path, body, expected = []) => {
    const signal = AbortSignal.timeout(options.timeout_ms ?? TIMEOUT_MS);
    const request = { method, headers, signal, ...(body === undefined ? {} : { body: printJson(body) }) };
    let status: number;
    let text: string;
    try {
      const response = await fetch(url + path, request);
      status = response.status;
      text = await response.text();
    } catch (cause) {
      throw busy('nessie_unavailable', `Nessie does not answer at ${url}`, {
        cause,
        remedy: 'Start it, or set AURUM_NESSIE_URL to where it is.',
      });
    }
    if (status >= 300 && !expected.includes(status))
      throw failure(url, `${method} ${path}`, status, withoutToken(text));
    return { status, as: (schema) => parsed(schema, url, path, text) };
  };
}

function failure(url: string, what: string, status: number, text: string): AurumError {
  const said = `Nessie at ${url} answered ${status} to ${what}: ${text.replace(/\s+/g, ' ').slice(0, 500)}`;
  if (status === 401 || status === 403) {
    return new AurumError('fault', 'nessie_unauthorised', said, {
      remedy: 'Give the service a token that may change the tables (AURUM_NESSIE_TOKEN).',
    });
  }
  if (status >= 500 || status === 429) return busy('nessie_failed', said);
  return new AurumError('fault', 'nessie_refused', said, {
    remedy:
      'Check that AURUM_NESSIE_URL and AURUM_NESSIE_WAREHOUSE name a Nessie with the Iceberg REST service.',
  });
}

function parsed<Value>(schema: z.ZodType<Value>, url: string, path: string, text: string): Value {
  try {
    return schema.parse(parseJson(text));
  } catch (cause) {
    throw new AurumError('fault', 'nessie_answer_unknown', `What ${url}${path} answers is not Nessie's`, {
      cause,
      remedy: 'Set AURUM_NESSIE_URL to the root of a Nessie server (0.99 or later).',
    });
  }
}
