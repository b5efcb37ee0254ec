/**
 * The only file that names adapters: settings in, the ports of the flows out. One platform per process.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import { sqlIngestLog } from '#lib/adapters/ingest-log/sql.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { sqlOperations } from '#lib/adapters/operations/sql.ts';
import { workerThreadParser } from '#lib/adapters/workbook-parser/worker-thread.ts';
import { AurumError } from '#lib/domain/errors.ts';
import { families } from '#lib/gates/registry.gen.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { VersionedLake } from '#lib/ports/versioned-lake.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import { type Config, readConfig } from './config.ts';

const systemClock: Clock = { now: () => new Date().toISOString() };

/**
 * Each port on the service its setting names, else on its local store below `AURUM_HOME`. Adapters are loaded when they
 * are chosen: a function on one machine pays for no client of a cluster.
 */
export async function compose(config: Config) {
  const objects = s3ObjectStore({
    endpoint: config.AURUM_S3_ENDPOINT,
    region: config.AURUM_S3_REGION,
    bucket: config.AURUM_S3_BUCKET,
    access_key: config.AURUM_S3_ACCESS_KEY,
    secret_key: config.AURUM_S3_SECRET_KEY,
    force_path_style: config.AURUM_S3_PATH_STYLE,
  });
  const sql = await sqlOf(config);
  return {
    config,
    objects,
    sql,
    parser: workerThreadParser({
      entry: new URL('./parse-worker.ts', import.meta.url),
      timeout_ms: config.AURUM_PARSE_TIMEOUT_MS,
    }),
    tables: await tablesOf(config, objects),
    lake: await lakeOf(config, objects),
    bus: await busOf(config),
    queries: await queriesOf(config, objects),
    log: sqlIngestLog(sql),
    operations: sqlOperations(sql),
    clock: systemClock,
    alertTopic,
    qaTopic: qaResultTopic,
    curveTopic: curveObservationTopic,
    errorTopic: { ...ingestErrorTopic, name: config.AURUM_DLQ_TOPIC },
    vendors: adapters,
    families,
    gate_timeout_ms: config.AURUM_GATE_TIMEOUT_MS,
    expected_vendors: config.AURUM_EXPECTED_VENDORS,
  };
}

/** Text of the operational database's definition. */
export const operationalDdl = (): string =>
  readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');

async function sqlOf(config: Config): Promise<Sql> {
  const url = config.AURUM_POSTGRES_URL;
  const ddl = operationalDdl();
  if (url !== undefined) {
    const { postgresSql } = await import('#lib/adapters/sql/postgres.ts');
    const credential = await leasedCredential(config);
    return postgresSql({ url, ddl, ...(credential === undefined ? {} : { credential }) });
  }
  return (await import('#lib/adapters/sql/pglite.ts')).pgliteSql({
    dir: join(config.AURUM_HOME, 'postgres'),
    ddl,
  });
}

/** Logins that Vault lends and renews, where a role for them is set. */
async function leasedCredential(config: Config) {
  const { AURUM_VAULT_DATABASE_ROLE: role, AURUM_VAULT_ADDR: address } = config;
  if (role === undefined) return undefined;
  if (address === undefined) throw incomplete('AURUM_VAULT_DATABASE_ROLE', 'AURUM_VAULT_ADDR');
  const { AURUM_VAULT_TOKEN: token, AURUM_VAULT_ROLE_ID: role_id, AURUM_VAULT_SECRET_ID: secret_id } = config;
  const appRole = role_id !== undefined && secret_id !== undefined ? { role_id, secret_id } : undefined;
  const auth = token === undefined ? appRole : { token };
  if (auth === undefined) throw incomplete('AURUM_VAULT_ADDR', 'AURUM_VAULT_TOKEN');
  const { vaultClient } = await import('#lib/adapters/secrets/vault-client.ts');
  const { vaultPostgres } = await import('#lib/adapters/secrets/vault-postgres.ts');
  return vaultPostgres({ vault: vaultClient({ address, auth }), role }).credential;
}

async function lakeOf(config: Config, objects: ObjectStore): Promise<VersionedLake> {
  const { AURUM_LAKEFS_ENDPOINT: endpoint, AURUM_LAKEFS_REPO: repository } = config;
  if (endpoint === undefined) {
    return (await import('#lib/adapters/versioned-lake/local.ts')).localLake({ objects, prefix: 'lake' });
  }
  const { AURUM_LAKEFS_ACCESS_KEY: access_key, AURUM_LAKEFS_SECRET_KEY: secret_key } = config;
  if (access_key === undefined) throw incomplete('AURUM_LAKEFS_ENDPOINT', 'AURUM_LAKEFS_ACCESS_KEY');
  if (secret_key === undefined) throw incomplete('AURUM_LAKEFS_ENDPOINT', 'AURUM_LAKEFS_SECRET_KEY');
  const { lakefsLake } = await import('#lib/adapters/versioned-lake/lakefs.ts');
  return lakefsLake({ endpoint, access_key, secret_key, repository });
}

async function tablesOf(config: Config, objects: ObjectStore): Promise<Tables> {
  const place = { objects, bucket: config.AURUM_S3_BUCKET, warehouse_prefix: 'curated/iceberg' };
  if (config.AURUM_NESSIE_URL === undefined) {
    return (await import('#lib/adapters/tables/pointer-catalog.ts')).localTables(place);
  }
  const nessie = { nessie_url: config.AURUM_NESSIE_URL, warehouse: config.AURUM_NESSIE_WAREHOUSE };
  return (await import('#lib/adapters/tables/nessie.ts')).nessieTables({ ...place, ...nessie });
}

async function busOf(config: Config): Promise<EventBus> {
  const { AURUM_KAFKA_BROKERS: brokers, AURUM_SCHEMA_REGISTRY_URL: registry_url } = config;
  if (brokers.length === 0) {
    return (await import('#lib/adapters/event-bus/log.ts')).logEventBus({
      dir: join(config.AURUM_HOME, 'events'),
    });
  }
  if (registry_url === undefined) throw incomplete('AURUM_KAFKA_BROKERS', 'AURUM_SCHEMA_REGISTRY_URL');
  return (await import('#lib/adapters/event-bus/kafka.ts')).kafkaEventBus({
    ...kafkaSettings(config),
    registry: { registry_url },
  });
}

/** Brokers with the way in. */
export function kafkaSettings(config: Config) {
  const { AURUM_KAFKA_BROKERS: brokers, AURUM_KAFKA_TLS: ssl } = config;
  const { AURUM_KAFKA_SASL_USER: username, AURUM_KAFKA_SASL_PASSWORD: password } = config;
  if (username === undefined) return { brokers, ssl };
  if (password === undefined) throw incomplete('AURUM_KAFKA_SASL_USER', 'AURUM_KAFKA_SASL_PASSWORD');
  return { brokers, ssl, sasl: { mechanism: 'scram-sha-512' as const, username, password } };
}

async function queriesOf(config: Config, objects: ObjectStore): Promise<CurveQueries> {
  if (config.AURUM_QUERIES === 'columnar') {
    const { columnarCurveQueries } = await import('#lib/adapters/curve-queries/columnar.ts');
    const cache_dir = join(config.AURUM_HOME, 'cache');
    return columnarCurveQueries({ objects, cache_dir, memory_limit_mb: config.AURUM_QUERY_MEMORY_MB });
  }
  const { AURUM_TRINO_URL: url, AURUM_TRINO_USER: user } = config;
  if (url === undefined) throw incomplete('AURUM_QUERIES=trino', 'AURUM_TRINO_URL');
  const { trinoCurveQueries } = await import('#lib/adapters/curve-queries/trino.ts');
  const location_root = `s3://${config.AURUM_S3_BUCKET}`;
  return trinoCurveQueries({ url, user, catalog: 'iceberg', schema: 'market', location_root });
}

function incomplete(given: string, missing: string): AurumError {
  const remedy = `Set ${missing}, or leave ${given} out to use the local store.`;
  return new AurumError('refused', 'setting_missing', `${given} needs ${missing}`, {
    field: missing,
    remedy,
  });
}

/** Every port, and the settings the functions need. */
export type Platform = Awaited<ReturnType<typeof compose>>;

let composed: Promise<Platform> | undefined;

/** The platform of this process, composed from its environment at the first call. */
export function platform(): Promise<Platform> {
  composed ??= compose(readConfig(process.env));
  return composed;
}
