/**
 * The only file that names adapters: settings in, the ports of the flows out. One platform per process.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import type { KafkaSettings } from '#lib/adapters/event-bus/kafka-client.ts';
import { sqlIngestLog } from '#lib/adapters/ingest-log/sql.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { sqlOperations } from '#lib/adapters/operations/sql.ts';
import { sqlPpa } from '#lib/adapters/ppa/sql.ts';
import { sqlReleaseUses } from '#lib/adapters/release-uses/sql.ts';
import { sqlScenarios } from '#lib/adapters/scenarios/sql.ts';
import { sqlScenarioRuns } from '#lib/adapters/scenarios/sql-runs.ts';
import type { VaultOptions } from '#lib/adapters/secrets/vault-client.ts';
import { workerThreadsSimulator } from '#lib/adapters/simulator/worker-threads.ts';
import { workerThreadParser } from '#lib/adapters/workbook-parser/worker-thread.ts';
import { refusal } from '#lib/domain/errors.ts';
import { families } from '#lib/gates/registry.gen.ts';
import type { Cache } from '#lib/ports/cache.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CredentialLender } from '#lib/ports/secrets.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { VersionedLake } from '#lib/ports/versioned-lake.ts';
import type { WorkbookWriter } from '#lib/ports/workbook-writer.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import { CODE_VERSION } from './code-version.ts';
import { type Config, readConfig } from './config.ts';
import { logLine } from './log.ts';

const systemClock: Clock = { now: () => new Date().toISOString() };
/** Loaded when the first workbook is written. */
const workbookWriter: WorkbookWriter = {
  write: async (sheets, options) =>
    (await import('#lib/adapters/workbook-writer/exceljs.ts')).exceljsWorkbookWriter().write(sheets, options),
};
/** For all stores together: one that no longer answers does not answer a goodbye either. */
const CLOSE_TIMEOUT_MS = 2_500;

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
  const logins = await leasedLogins(config);
  const sql = await sqlOf(config, logins);
  const parser = workerThreadParser({
    entry: new URL('./parse-worker.ts', import.meta.url),
    timeout_ms: config.AURUM_PARSE_TIMEOUT_MS,
  });
  // Its threads start with the first simulation.
  const simulator = workerThreadsSimulator({
    entry: new URL('./simulation-worker.ts', import.meta.url),
    threads: config.AURUM_SIMULATION_WORKERS,
  });
  const bus = await busOf(config);
  const queries = await queriesOf(config, objects);
  const cache = await cacheOf(config);
  return {
    config,
    objects,
    sql,
    parser,
    tables: await tablesOf(config, objects),
    lake: await lakeOf(config, objects),
    bus,
    queries,
    cache,
    log: sqlIngestLog(sql),
    operations: sqlOperations(sql),
    audit: sqlAudit(sql),
    releaseUses: sqlReleaseUses(sql),
    hotfix_approval: config.AURUM_HOTFIX_APPROVAL,
    scenarios: sqlScenarios(sql),
    runs: sqlScenarioRuns(sql),
    ppa: sqlPpa(sql),
    simulator,
    writer: workbookWriter,
    clock: systemClock,
    code_version: CODE_VERSION,
    alertTopic,
    qaTopic: qaResultTopic,
    curveTopic: curveObservationTopic,
    errorTopic: { ...ingestErrorTopic, name: config.AURUM_DLQ_TOPIC },
    vendors: adapters,
    families,
    gate_timeout_ms: config.AURUM_GATE_TIMEOUT_MS,
    expected_vendors: config.AURUM_EXPECTED_VENDORS,
    /** Lets go of every store, so that a process can end; in bounded time, whatever they answer. */
    close: () => closeAll({ parser, simulator, bus, queries, cache, sql }, logins),
  };
}

interface Closing {
  close?(): Promise<void>;
}

/** Leased logins last: given back sooner, they would end connections that are still at work. */
async function closeAll(stores: Readonly<Record<string, Closing>>, logins?: Closing): Promise<void> {
  const close = ([store, closing]: readonly [string, Closing]) =>
    closing
      .close?.()
      .catch((error: unknown) => logLine('warn', 'store_not_closed', { store, reason: String(error) }));
  const all = Promise.all(Object.entries(stores).map(close)).then(() => close(['logins', logins ?? {}]));
  await Promise.race([all, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}

/** Text of the operational database's definition. */
export const operationalDdl = (): string =>
  readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');

async function sqlOf(config: Config, logins: CredentialLender | undefined): Promise<Sql> {
  const url = config.AURUM_POSTGRES_URL;
  const ddl = operationalDdl();
  if (url !== undefined) {
    const { postgresSql } = await import('#lib/adapters/sql/postgres.ts');
    return postgresSql({ url, ddl, ...(logins === undefined ? {} : { credential: logins.credential }) });
  }
  return (await import('#lib/adapters/sql/pglite.ts')).pgliteSql({
    dir: join(config.AURUM_HOME, 'postgres'),
    ddl,
  });
}

/** Where Vault is and how to log in; undefined where the settings give no login. */
export function vaultOptions(config: Config): VaultOptions | undefined {
  const { AURUM_VAULT_ADDR: address, AURUM_VAULT_NAMESPACE: namespace } = config;
  const { AURUM_VAULT_TOKEN: token, AURUM_VAULT_ROLE_ID: role_id, AURUM_VAULT_SECRET_ID: secret_id } = config;
  const appRole = role_id !== undefined && secret_id !== undefined ? { role_id, secret_id } : undefined;
  const auth = token === undefined ? appRole : { token };
  if (address === undefined || auth === undefined) return undefined;
  return { address, auth, ...(namespace === undefined ? {} : { namespace }) };
}

/** Logins of PostgreSQL that Vault lends and renews, where a role for them is set. */
async function leasedLogins(config: Config): Promise<CredentialLender | undefined> {
  const { AURUM_VAULT_DATABASE_ROLE: role } = config;
  const options = vaultOptions(config);
  if (role === undefined || options === undefined) return undefined;
  const { vaultClient } = await import('#lib/adapters/secrets/vault-client.ts');
  const { vaultPostgres } = await import('#lib/adapters/secrets/vault-postgres.ts');
  const vault = vaultClient(options);
  const { credential, close } = vaultPostgres({ vault, role });
  return { credential, close: () => close().finally(vault.close) };
}

async function cacheOf(config: Config): Promise<Cache> {
  const { AURUM_REDIS_URL: url, AURUM_CACHE_MEMORY_MB: memory_mb } = config;
  if (url === undefined) {
    return (await import('#lib/adapters/cache/lru.ts')).lruCache({ max_bytes: memory_mb * 1e6 });
  }
  const on_outage = (reason: string) => logLine('warn', 'cache_away', { reason });
  return (await import('#lib/adapters/cache/redis.ts')).redisCache({ url, on_outage });
}

async function lakeOf(config: Config, objects: ObjectStore): Promise<VersionedLake> {
  const { AURUM_LAKEFS_ENDPOINT: endpoint, AURUM_LAKEFS_REPO: repository } = config;
  if (endpoint === undefined) {
    return (await import('#lib/adapters/versioned-lake/local.ts')).localLake({ objects, prefix: 'lake' });
  }
  const { AURUM_LAKEFS_ACCESS_KEY: access_key, AURUM_LAKEFS_SECRET_KEY: secret_key } = config;
  const { lakefsLake } = await import('#lib/adapters/versioned-lake/lakefs.ts');
  return lakefsLake({ endpoint, access_key: access_key!, secret_key: secret_key!, repository });
}

async function tablesOf(config: Config, objects: ObjectStore): Promise<Tables> {
  const place = { objects, bucket: config.AURUM_S3_BUCKET, warehouse_prefix: 'curated/iceberg' };
  if (config.AURUM_NESSIE_URL === undefined) {
    return (await import('#lib/adapters/tables/pointer-catalog.ts')).localTables(place);
  }
  const {
    AURUM_NESSIE_URL: nessie_url,
    AURUM_NESSIE_WAREHOUSE: warehouse,
    AURUM_NESSIE_TOKEN: token,
  } = config;
  const nessie = { nessie_url, warehouse, ...(token === undefined ? {} : { token }) };
  return (await import('#lib/adapters/tables/nessie.ts')).nessieTables({ ...place, ...nessie });
}

async function busOf(config: Config): Promise<EventBus> {
  if (config.AURUM_KAFKA_BROKERS.length === 0) {
    return (await import('#lib/adapters/event-bus/log.ts')).logEventBus({
      dir: join(config.AURUM_HOME, 'events'),
    });
  }
  return (await import('#lib/adapters/event-bus/kafka.ts')).kafkaEventBus({
    ...kafkaSettings(config),
    registry: { registry_url: config.AURUM_SCHEMA_REGISTRY_URL! },
  });
}

/** Brokers with the way in. */
export function kafkaSettings(config: Config): KafkaSettings {
  const { AURUM_KAFKA_BROKERS: brokers, AURUM_KAFKA_TLS, AURUM_KAFKA_CA_FILE: ca_file } = config;
  const { AURUM_KAFKA_SASL_USER: username, AURUM_KAFKA_SASL_PASSWORD: password } = config;
  const ssl = AURUM_KAFKA_TLS && ca_file !== undefined ? { ca: authorities(ca_file) } : AURUM_KAFKA_TLS;
  if (username === undefined) return { brokers, ssl };
  return { brokers, ssl, sasl: { mechanism: 'scram-sha-512', username, password: password! } };
}

function authorities(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const remedy = 'Name a file of PEM certificates, or leave it out for the public authorities.';
    throw refusal('setting_invalid', `${path} cannot be read`, {
      field: 'AURUM_KAFKA_CA_FILE',
      remedy,
      cause,
    });
  }
}

/** For a host that is itself a consumer. */
export async function kafkaConnection(config: Config) {
  const { kafkaClient, kafkaError } = await import('#lib/adapters/event-bus/kafka-client.ts');
  const settings = kafkaSettings(config);
  return {
    kafka: kafkaClient(settings),
    explained: (error: unknown, topic: string) => kafkaError(error, settings, topic),
  };
}

async function queriesOf(config: Config, objects: ObjectStore) {
  if (config.AURUM_QUERIES === 'columnar') {
    const { columnarCurveQueries } = await import('#lib/adapters/curve-queries/columnar.ts');
    const cache_dir = join(config.AURUM_HOME, 'cache');
    return columnarCurveQueries({ objects, cache_dir, memory_limit_mb: config.AURUM_QUERY_MEMORY_MB });
  }
  const { AURUM_TRINO_URL: url, AURUM_TRINO_USER: user } = config;
  const { trinoCurveQueries } = await import('#lib/adapters/curve-queries/trino.ts');
  const location_root = `s3://${config.AURUM_S3_BUCKET}`;
  return trinoCurveQueries({ url: url!, user, catalog: 'iceberg', schema: 'market', location_root });
}

/** Every port, and the settings the functions need. */
export type Platform = Awaited<ReturnType<typeof compose>>;

let composed: Promise<Platform> | undefined;

/** The platform of this process, composed from its environment at the first call. */
export function platform(): Promise<Platform> {
  composed ??= compose(readConfig(process.env));
  return composed;
}
