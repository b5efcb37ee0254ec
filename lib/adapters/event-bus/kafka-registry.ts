/** A Confluent-compatible schema registry over its REST interface: subjects with versions of Avro schemas. */
import { z } from 'zod';
import { type AvroRecord, schemaFingerprint } from '#lib/avro/schema.ts';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';

export const COMPATIBILITY_LEVELS = [
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
  'NONE',
] as const;
export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];

export interface RegistrySettings {
  /** Base address of the interface: `http://127.0.0.1:18081/apis/ccompat/v7`. */
  readonly registry_url: string;
  readonly username?: string;
  readonly password?: string;
  readonly timeout_ms?: number;
}

export interface RegisteredSchema {
  /** The id in the first bytes of a record. */
  readonly id: number;
  readonly version: number;
  readonly schema: AvroRecord;
}

export interface SchemaRegistry {
  latest(subject: string): Promise<RegisteredSchema | undefined>;
  /** The newest version that writes the same bytes with the same meaning. */
  find(subject: string, schema: AvroRecord): Promise<RegisteredSchema | undefined>;
  byId(id: number): Promise<AvroRecord>;
  /** @returns the schema's id. @throws AurumError `schema_incompatible` when the registry's own check says so. */
  register(subject: string, schema: AvroRecord): Promise<number>;
  /** What the registry's own check has against the schema as the next version; nothing when it may follow. */
  objections(subject: string, schema: AvroRecord): Promise<readonly string[]>;
  /** Of the subject itself; undefined while it follows the registry's default. */
  compatibility(subject: string): Promise<CompatibilityLevel | undefined>;
  setCompatibility(subject: string, level: CompatibilityLevel): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';

const schemaText = z.string().transform((text) => JSON.parse(text) as AvroRecord);
const registered = z.object({ id: z.int(), version: z.int(), schema: schemaText });
const schemaOnly = z.object({ schema: schemaText });
const idOnly = z.object({ id: z.int() });
const level = z.object({ compatibilityLevel: z.enum(COMPATIBILITY_LEVELS) });
/** 404 of a registry; anything else that answers 404 is none. */
const absent = z.object({ error_code: z.int().min(40_400).max(40_499) });
const verdict = z.object({ is_compatible: z.boolean(), messages: z.array(z.string()).nullish() });

interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

export function schemaRegistry(settings: RegistrySettings): SchemaRegistry {
  const ask = <T>(request: Request, answer: z.ZodType<T>) => askFound(settings, request, answer);
  const of = (subject: string) => `/subjects/${encodeURIComponent(subject)}/versions`;
  const asText = (schema: AvroRecord) => ({ schema: JSON.stringify(schema) });

  return {
    latest: (subject) => ask({ path: `${of(subject)}/latest` }, registered),
    async find(subject, schema) {
      const print = schemaFingerprint(schema);
      const versions = (await ask({ path: of(subject) }, z.array(z.int()))) ?? [];
      for (const version of versions.sort((a, b) => b - a)) {
        const found = await ask({ path: `${of(subject)}/${version}` }, registered);
        if (found !== undefined && schemaFingerprint(found.schema) === print) return found;
      }
      return undefined;
    },
    async byId(id) {
      const found = await ask({ path: `/schemas/ids/${id}` }, schemaOnly);
      if (found !== undefined) return found.schema;
      throw new AurumError(
        'fault',
        'schema_unknown',
        `The schema registry has no schema ${id}, which wrote a record.`,
        {
          remedy: 'Restore the registry from its backup, or correct AURUM_SCHEMA_REGISTRY_URL.',
        },
      );
    },
    async register(subject, schema) {
      const found = await ask({ method: 'POST', path: of(subject), body: asText(schema) }, idOnly);
      if (found === undefined) throw unavailable(settings, `it has no place for subject ${subject}`);
      return found.id;
    },
    async objections(subject, schema) {
      const path = `/compatibility${of(subject)}/latest?verbose=true`;
      const found = await ask({ method: 'POST', path, body: asText(schema) }, verdict);
      if (found === undefined || found.is_compatible) return [];
      return found.messages?.length ? found.messages : ['The registry gives no reason.'];
    },
    async compatibility(subject) {
      return (await ask({ path: `/config/${encodeURIComponent(subject)}` }, level))?.compatibilityLevel;
    },
    async setCompatibility(subject, compatibility) {
      const path = `/config/${encodeURIComponent(subject)}`;
      await ask({ method: 'PUT', path, body: { compatibility } }, z.unknown());
    },
  };
}

/** The answer, or undefined when what the path names is not there. */
async function askFound<T>(
  settings: RegistrySettings,
  request: Request,
  answer: z.ZodType<T>,
): Promise<T | undefined> {
  const response = await send(settings, request);
  const text = await response.text();
  const { method = 'GET' } = request;
  if (response.status === 404 && absent.safeParse(jsonOf(text)).success) return undefined;
  if (response.ok) {
    const parsed = answer.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw unavailable(
      settings,
      `${method} ${request.path} answered something else than a schema registry does`,
      parsed.error,
    );
  }
  if (response.status === 401 || response.status === 403) {
    throw new AurumError(
      'fault',
      'schema_registry_unauthorised',
      `The schema registry at ${settings.registry_url} answers ${response.status}.`,
      {
        remedy: 'Check the user and password of AURUM_SCHEMA_REGISTRY_URL.',
      },
    );
  }
  if (response.status === 409 || response.status === 422) {
    throw refusal(
      'schema_incompatible',
      `The schema registry refuses ${request.path}: ${text.slice(0, 500)}`,
      {
        remedy: 'Keep the old fields and add nullable ones, or publish to a new topic version.',
      },
    );
  }
  throw unavailable(settings, `${method} ${request.path} answered ${response.status}`);
}

async function send(settings: RegistrySettings, { method = 'GET', path, body }: Request): Promise<Response> {
  const { registry_url, username, password = '', timeout_ms = DEFAULT_TIMEOUT_MS } = settings;
  const authorization =
    username === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  try {
    return await fetch(`${registry_url.replace(/\/+$/, '')}${path}`, {
      method,
      headers: { accept: CONTENT_TYPE, 'content-type': CONTENT_TYPE, ...authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeout_ms),
    });
  } catch (cause) {
    throw unavailable(settings, `${method} ${path} has no answer`, cause);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable({ registry_url }: RegistrySettings, why: string, cause?: unknown): AurumError {
  return busy('schema_registry_unavailable', `Schema registry at ${registry_url}: ${why}.`, {
    cause,
    remedy: 'Start it, or correct AURUM_SCHEMA_REGISTRY_URL.',
  });
}
