/** `aurum bootstrap`: prepares the services that the settings name. Again and again, with the same result. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import type { Topic } from '#events/topic.ts';
import type { SchemaState } from '#lib/adapters/event-bus/kafka-schemas.ts';
import { type Config, readConfig } from '#lib/runtime/config.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import type { Command, CommandIo } from '../command.ts';

const TOPICS = [
  curveObservationTopic,
  qaResultTopic,
  alertTopic,
  ingestErrorTopic,
  scenarioRequestTopic,
  scenarioOutputTopic,
  ppaRequestTopic,
  ppaValuationTopic,
] as unknown as readonly Topic<unknown>[];
const ICEBERG_DDL = join(import.meta.dirname, '../../../../ddl/iceberg/market.sql');

const SCHEMA_OUTCOMES: Readonly<Record<SchemaState['state'], string>> = {
  equal: 'was there',
  superseded: 'was there, and a later one that other processes write with; left as it is',
  compatible: 'registered as a new version',
  missing: 'registered',
  incompatible: 'refused',
};

/** One service: whether the settings name it, and what preparing it did. */
interface Step {
  readonly name: string;
  readonly setting: string;
  readonly isNamed: (config: Config) => boolean;
  readonly prepare: (config: Config) => Promise<readonly string[]>;
}

const STEPS: readonly Step[] = [
  {
    name: 'Kafka',
    setting: 'AURUM_KAFKA_BROKERS',
    isNamed: (config) => config.AURUM_KAFKA_BROKERS.length > 0,
    prepare: topics,
  },
  {
    name: 'Schema Registry',
    setting: 'AURUM_SCHEMA_REGISTRY_URL',
    isNamed: (config) => config.AURUM_SCHEMA_REGISTRY_URL !== undefined,
    prepare: schemas,
  },
  {
    name: 'MinIO',
    setting: 'AURUM_S3_ENDPOINT',
    isNamed: (config) => config.AURUM_KAFKA_BROKERS.length > 0,
    prepare: bucket,
  },
  {
    name: 'Trino',
    setting: 'AURUM_TRINO_URL',
    isNamed: (config) => config.AURUM_TRINO_URL !== undefined,
    prepare: tables,
  },
  {
    name: 'lakeFS',
    setting: 'AURUM_LAKEFS_ENDPOINT',
    isNamed: (config) => config.AURUM_LAKEFS_ENDPOINT !== undefined,
    prepare: repository,
  },
  {
    name: 'PostgreSQL',
    setting: 'AURUM_POSTGRES_URL',
    isNamed: (config) => config.AURUM_POSTGRES_URL !== undefined,
    prepare: database,
  },
  {
    name: 'Vault',
    setting: 'AURUM_VAULT_ADDR',
    isNamed: (config) => config.AURUM_VAULT_ADDR !== undefined,
    prepare: vault,
  },
];

export const command: Command = {
  name: 'bootstrap',
  summary: 'prepare the services that the settings name',
  usage: 'bootstrap',
  details:
    'Topics, schemas (BACKWARD), the bucket with versions and notifications, Iceberg tables through Trino, the\noperational database, the lakeFS repository with its hook, Vault. What is there already stays as it is.',
  options: {},
  run: async (_given, io) => {
    const config = readConfig(io.environment);
    const named = STEPS.filter(({ isNamed }) => isNamed(config));
    if (named.length === 0) {
      io.tell(
        `Nothing to prepare: the local stores prepare themselves. Services are named by ${STEPS.map(({ setting }) => setting).join(', ')}.\n`,
      );
    }
    for (const step of named) await runStep(step, config, io);
  },
};

async function runStep({ name, prepare }: Step, config: Config, io: CommandIo): Promise<void> {
  const began_ms = performance.now();
  for (const line of await prepare(config)) await io.out(`${name}: ${line}\n`);
  io.tell(`aurum: ${name} ready after ${((performance.now() - began_ms) / 1_000).toFixed(1)} s\n`);
}

async function topics(config: Config): Promise<readonly string[]> {
  const { AURUM_DLQ_TOPIC, AURUM_STORAGE_TOPIC } = config;
  const { kafkaSettings } = await import('#lib/runtime/compose.ts');
  const { ensureTopics, storageEventTopic } = await import('#lib/adapters/event-bus/kafka-topics.ts');
  const wanted = TOPICS.map(({ name, partitions }) => ({
    name: name === ingestErrorTopic.name ? AURUM_DLQ_TOPIC : name,
    partitions,
  }));
  const renamed =
    AURUM_STORAGE_TOPIC === storageEventTopic.name
      ? []
      : [{ ...storageEventTopic, name: AURUM_STORAGE_TOPIC }];
  const ensured = await ensureTopics(kafkaSettings(config), [...wanted, ...renamed]);
  return ensured.map(({ name, outcome, partitions }) => `topic ${name} ${outcome}, ${partitions} partitions`);
}

async function schemas({
  AURUM_SCHEMA_REGISTRY_URL: registry_url,
  AURUM_DLQ_TOPIC,
}: Config): Promise<readonly string[]> {
  const { schemaRegistry } = await import('#lib/adapters/event-bus/kafka-registry.ts');
  const { registerSchemas } = await import('#lib/adapters/event-bus/kafka-schemas.ts');
  const topicsInUse = TOPICS.map((topic) =>
    topic.name === ingestErrorTopic.name ? { ...topic, name: AURUM_DLQ_TOPIC } : topic,
  );
  const found = await registerSchemas(schemaRegistry({ registry_url: registry_url! }), topicsInUse);
  return found.map(({ subject, state }) => `subject ${subject}: ${SCHEMA_OUTCOMES[state]}`);
}

async function bucket(config: Config): Promise<readonly string[]> {
  const { prepareBucket } = await import('#lib/adapters/object-store/minio-bucket.ts');
  const triggers = functionList.flatMap(({ trigger }) =>
    trigger.kind === 'object-created' ? [trigger] : [],
  );
  return prepareBucket({
    endpoint: config.AURUM_S3_ENDPOINT,
    region: config.AURUM_S3_REGION,
    access_key: config.AURUM_S3_ACCESS_KEY,
    secret_key: config.AURUM_S3_SECRET_KEY,
    bucket: config.AURUM_S3_BUCKET,
    notify_arn: config.AURUM_S3_NOTIFY_ARN,
    // Two functions may wait for the same objects; MinIO refuses the same rule twice.
    notifications: [
      ...new Map(triggers.map(({ prefix, suffix }) => [`${prefix}|${suffix}`, { prefix, suffix }])).values(),
    ],
    pointer_prefixes: ['catalog/', 'lake/', 'tries/', 'asked/'],
  });
}

async function tables({
  AURUM_TRINO_URL: url,
  AURUM_TRINO_USER: user,
  AURUM_S3_BUCKET,
}: Config): Promise<readonly string[]> {
  const { statementsOf, trinoSql } = await import('#lib/adapters/curve-queries/trino-sql.ts');
  const trino = trinoSql({ url: url!, user, catalog: 'iceberg', schema: 'market', timeout_ms: 120_000 });
  const statements = statementsOf(
    readFileSync(ICEBERG_DDL, 'utf8').replaceAll('s3://aurum/', `s3://${AURUM_S3_BUCKET}/`),
  );
  for (const text of statements) await trino.query({ text, values: [] });
  return statements.map((text) => text.slice(0, text.search(/\s*[(\n]/)));
}

async function repository(config: Config): Promise<readonly string[]> {
  const { prepareRepository } = await import('#lib/adapters/versioned-lake/lakefs-bootstrap.ts');
  return prepareRepository({
    endpoint: config.AURUM_LAKEFS_ENDPOINT!,
    access_key: config.AURUM_LAKEFS_ACCESS_KEY!,
    secret_key: config.AURUM_LAKEFS_SECRET_KEY!,
    repository: config.AURUM_LAKEFS_REPO,
    storage_namespace: `s3://${config.AURUM_S3_BUCKET}/lakefs`,
    hook_url: config.AURUM_LAKEFS_HOOK_URL,
  });
}

/** With a token alone: an AppRole may read what was prepared, not prepare it. */
async function vault(config: Config): Promise<readonly string[]> {
  const { AURUM_VAULT_ADDR: address, AURUM_VAULT_TOKEN: token, AURUM_VAULT_DATABASE_ROLE: role } = config;
  if (token === undefined) return ['left as it is: preparing it takes a token, AURUM_VAULT_TOKEN'];
  const { vaultClient } = await import('#lib/adapters/secrets/vault-client.ts');
  const { prepareVault } = await import('#lib/adapters/secrets/vault-bootstrap.ts');
  const { AURUM_POSTGRES_URL: url } = config;
  const lends = role !== undefined && url !== undefined;
  return prepareVault({
    vault: vaultClient({ address: address!, auth: { token } }),
    database: lends ? { role, url } : undefined,
  });
}

async function database({ AURUM_POSTGRES_URL: url }: Config): Promise<readonly string[]> {
  const { postgresSql } = await import('#lib/adapters/sql/postgres.ts');
  const { operationalDdl } = await import('#lib/runtime/compose.ts');
  const sql = postgresSql({ url: url!, ddl: operationalDdl() });
  try {
    await sql.migrate();
    return ['ddl/postgres/app.sql applied'];
  } finally {
    await sql.close();
  }
}
