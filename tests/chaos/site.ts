/**
 * A site of its own for one scenario, made and taken away again: on this machine's local stores, or a corner of the real
 * services (a folder in the bucket, branches, topics and schemas with a prefix, a database).
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client as MinioClient } from 'minio';
import pg from 'pg';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import type { Topic } from '#events/topic.ts';
import { raw, type TrinoRow, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { kafkaClient } from '#lib/adapters/event-bus/kafka-client.ts';
import { subjectOf } from '#lib/adapters/event-bus/kafka-schemas.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import { postgresSql } from '#lib/adapters/sql/postgres.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { deploy } from '#tests/stack/kafka-cluster.ts';
import { bucketThere, trinoOn } from '#tests/stack/lake-services.ts';
import { startS3Gateway } from '../../local/s3/gateway.ts';
import {
  type ChaosPorts,
  OPERATIONAL_DDL,
  type OpenOptions,
  openPorts,
  rootOf,
  type SiteSettings,
} from './ports.ts';

export type Where = 'local' | 'stack';

export const TOPICS = [
  curveObservationTopic,
  qaResultTopic,
  alertTopic,
  ingestErrorTopic,
] as unknown as readonly Topic<unknown>[];

const CLEANING_MS = 60_000;

export interface Site {
  readonly where: Where;
  readonly settings: SiteSettings;
  /** New adapters on the same state, as a process that starts has them; closed with the site. */
  open(options?: OpenOptions): Promise<ChaosPorts>;
  /** Has the local store announce its events, named as in `s3:ObjectCreated:*`; MinIO announces to Kafka. */
  readonly announce:
    | ((events: readonly string[], take: (envelope: unknown) => void) => Promise<void>)
    | undefined;
  /** As the operational database's owner. */
  asOwner(statement: string): Promise<readonly Record<string, unknown>[]>;
  /** Asks Trino about this site's tables; undefined where there is no Trino. */
  readonly trino: ((statement: string) => Promise<readonly TrinoRow[]>) | undefined;
  close(): Promise<void>;
}

export const openSite = (where: Where, options: { readonly trino?: boolean } = {}): Promise<Site> =>
  where === 'local' ? localSite() : bucketThere().then(() => stackSite(stackSettings(), options));

async function localSite(): Promise<Site> {
  const home = mkdtempSync(join(tmpdir(), 'aurum-chaos-'));
  const gateway = await startS3Gateway({
    port: 0,
    data_dir: join(home, 's3'),
    access_key: 'minio',
    secret_key: 'minio123',
    buckets: ['aurum'],
    versioned_prefixes: ['raw/'],
  });
  const settings: SiteSettings = {
    name: 'chaos',
    home,
    s3: {
      endpoint: gateway.url,
      region: 'us-east-1',
      bucket: 'aurum',
      access_key: 'minio',
      secret_key: 'minio123',
      force_path_style: true,
    },
    expected_vendors: ['pw'],
  };
  const shared_sql = pgliteSql({ dir: join(home, 'postgres'), ddl: OPERATIONAL_DDL });
  await shared_sql.migrate();
  return {
    ...siteOf('local', settings, shared_sql),
    trino: undefined,
    announce: (events, take) =>
      gateway.reconfigure([
        { id: 'chaos', bucket: settings.s3.bucket, events, target: { handle: async (body) => take(body) } },
      ]),
    asOwner: (statement) =>
      shared_sql.transaction('aurum_ingest', async (tx) => {
        await tx.query('RESET ROLE');
        return tx.query(statement);
      }),
    async close() {
      await shared_sql.close();
      await gateway.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function siteOf(where: Where, settings: SiteSettings, shared_sql?: Sql) {
  const opened: ChaosPorts[] = [];
  return {
    where,
    settings,
    async open(options: OpenOptions = {}) {
      const ports = await openPorts(settings, {
        ...(shared_sql === undefined ? {} : { shared_sql }),
        ...options,
      });
      opened.push(ports);
      return ports;
    },
    closeAll: () => Promise.all(opened.map((ports) => ports.close())),
  };
}

/** A corner of the services that the environment names. */
export function stackSettings(env: NodeJS.ProcessEnv = process.env): SiteSettings {
  const name = `chaos${randomUUID().slice(0, 8)}`;
  const database = new URL(env.AURUM_POSTGRES_URL ?? '');
  database.pathname = `/${name}`;
  return {
    name,
    home: mkdtempSync(join(tmpdir(), `aurum-${name}-`)),
    s3: {
      endpoint: env.AURUM_S3_ENDPOINT ?? '',
      region: env.AURUM_S3_REGION ?? 'us-east-1',
      bucket: env.AURUM_S3_BUCKET ?? 'aurum',
      access_key: env.AURUM_S3_ACCESS_KEY ?? 'minio',
      secret_key: env.AURUM_S3_SECRET_KEY ?? 'minio123',
      force_path_style: true,
      prefix: `curated/iceberg/${name}/`,
    },
    nessie: { nessie_url: env.AURUM_NESSIE_URL ?? '', warehouse: env.AURUM_NESSIE_WAREHOUSE ?? 'aurum' },
    kafka: {
      brokers: (env.AURUM_KAFKA_BROKERS ?? '').split(','),
      registry: { registry_url: env.AURUM_SCHEMA_REGISTRY_URL ?? '' },
      topic_prefix: `${name}.`,
    },
    postgres_url: database.href,
    expected_vendors: ['pw'],
  };
}

export interface StackSiteOptions {
  readonly trino?: boolean;
  /** On services that go with the site, but for the registry. */
  readonly disposable?: boolean;
}

export async function stackSite(
  settings: SiteSettings,
  { trino = false, disposable = false }: StackSiteOptions = {},
): Promise<Site> {
  const site = siteOf('stack', settings);
  const close = async (before: () => Promise<void> = async () => undefined) => {
    await before();
    await site.closeAll();
    await cleaned(settings, disposable);
  };
  try {
    await Promise.all([makeDatabase(settings), deploy(settings.kafka!, TOPICS)]);
    const query = trino && process.env.AURUM_TRINO_URL !== undefined ? await trinoOf(site) : undefined;
    return {
      ...site,
      trino: query?.ask,
      announce: undefined,
      asOwner: (statement) => asked(settings.postgres_url!, statement),
      close: () => close(query?.close),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What cannot be taken away in time is said, and harms nobody. */
async function cleaned(settings: SiteSettings, disposable: boolean): Promise<void> {
  const work = (disposable ? removeSubjects(settings) : clean(settings)).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  const left = await Promise.race([work, delay(CLEANING_MS, 'out of time', { ref: false })]);
  if (left !== undefined) process.stderr.write(`chaos: ${settings.name} not cleaned up: ${left}\n`);
  rmSync(settings.home, { recursive: true, force: true });
}

/** Undefined where Trino takes no catalogs at run time: its own then shows the shared `main`, where this site is not. */
async function trinoOf(site: ReturnType<typeof siteOf>) {
  const { settings } = site;
  const { tables } = await site.open();
  const corner = {
    name: settings.name,
    bucket: settings.s3.bucket,
    objects: s3ObjectStore(settings.s3),
    location_root: rootOf(settings),
    ...settings.nessie!,
    open: () => tables,
  };
  const catalog = await trinoOn(corner).catch((error: unknown) => {
    if (String(error).includes('NOT_SUPPORTED')) return undefined;
    throw error;
  });
  if (catalog === undefined) return undefined;
  const { options, close } = catalog;
  const trino = trinoSql(options);
  return { ask: (statement: string) => trino.query(raw(statement)), close };
}

async function makeDatabase({ name, postgres_url }: SiteSettings): Promise<void> {
  await asked(postgres_url!, `CREATE DATABASE ${name}`, 'postgres');
  const sql = postgresSql({ url: postgres_url!, ddl: OPERATIONAL_DDL });
  await sql.migrate();
  await sql.close();
}

async function asked(
  url: string,
  statement: string,
  database?: string,
): Promise<readonly Record<string, unknown>[]> {
  const address = new URL(url);
  if (database !== undefined) address.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: address.href, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function clean(settings: SiteSettings): Promise<void> {
  const ends = await Promise.allSettled([
    asked(settings.postgres_url!, `DROP DATABASE IF EXISTS ${settings.name} WITH (FORCE)`, 'postgres'),
    removeTopics(settings),
    removeSubjects(settings),
    removeReferences(settings),
    removeObjects(settings),
  ]);
  const failed = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
  if (failed.length > 0) throw new Error(failed.join('; '));
}

async function removeTopics({ kafka }: SiteSettings): Promise<void> {
  const { topic_prefix } = kafka!;
  const admin = kafkaClient(kafka!).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(topic_prefix));
    await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

async function removeSubjects({ kafka }: SiteSettings): Promise<void> {
  const { topic_prefix, registry } = kafka!;
  for (const { name } of TOPICS) {
    const subject = encodeURIComponent(subjectOf(topic_prefix + name));
    await fetch(`${registry.registry_url}/subjects/${subject}`, { method: 'DELETE' });
  }
}

async function removeReferences({ nessie, name }: SiteSettings): Promise<void> {
  const trees = `${nessie!.nessie_url}/api/v2/trees`;
  const filter = encodeURIComponent(`ref.name.startsWith('${name}_')`);
  const found = (await (await fetch(`${trees}?filter=${filter}&max-records=10000`)).json()) as {
    references: { name: string; hash: string; type: string }[];
  };
  for (const { name: ref, hash, type } of found.references)
    await fetch(`${trees}/${ref}@${hash}?type=${type}`, { method: 'DELETE' });
}

const removeObjects = ({ s3 }: SiteSettings): Promise<void> => removeBelow(s3, s3.prefix ?? '');

/** All versions of all objects below a prefix, which MinIO does in one request. */
export const removeBelow = (s3: SiteSettings['s3'], prefix: string): Promise<void> =>
  minioOf(s3).removeObject(s3.bucket, prefix, { forceDelete: true });

export function minioOf({ endpoint, access_key, secret_key, region }: SiteSettings['s3']): MinioClient {
  const { hostname, port, protocol } = new URL(endpoint);
  return new MinioClient({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: access_key,
    secretKey: secret_key,
    region,
  });
}
