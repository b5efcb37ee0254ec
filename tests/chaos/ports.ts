/**
 * The ports of the chain on one site, opened anew as a process that starts has them: local stores in a folder, or the real
 * services under names of the site's own. Knows where things are; nothing of events or faults.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import { memoryAudit } from '#lib/adapters/audit/memory.ts';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import { columnarCurveQueries } from '#lib/adapters/curve-queries/columnar.ts';
import { type KafkaEventBusSettings, kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { memoryIngestLog } from '#lib/adapters/ingest-log/memory.ts';
import { sqlIngestLog } from '#lib/adapters/ingest-log/sql.ts';
import { type S3ObjectStoreOptions, s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { sqlOperations } from '#lib/adapters/operations/sql.ts';
import { postgresSql } from '#lib/adapters/sql/postgres.ts';
import { nessieTables } from '#lib/adapters/tables/nessie.ts';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import { localLake } from '#lib/adapters/versioned-lake/local.ts';
import { inProcessParser } from '#lib/adapters/workbook-parser/in-process.ts';
import { families } from '#lib/gates/registry.gen.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { parse } from '#lib/runtime/parse-worker.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import { FIXED_NOW } from '#tests/fixtures/chain.ts';

/** Enough to open the same site in another process; goes through JSON. */
export interface SiteSettings {
  readonly name: string;
  /** A folder of this site: local stores and caches. */
  readonly home: string;
  readonly s3: S3ObjectStoreOptions;
  /** Left out: pointer objects in the bucket. */
  readonly nessie?: { readonly nessie_url: string; readonly warehouse: string };
  /** Left out: a log in `home`. */
  readonly kafka?: KafkaEventBusSettings & { readonly topic_prefix: string };
  /** Left out: `OpenOptions.sql`, or a log in memory. */
  readonly postgres_url?: string;
  /** Vendors that complete a market day. */
  readonly expected_vendors: readonly string[];
}

export interface OpenOptions {
  /** Around the stores of effects, before anything is built on them. */
  readonly objects?: (store: ObjectStore) => ObjectStore;
  readonly bus?: (bus: EventBus) => EventBus;
  readonly sql?: (sql: Sql) => Sql;
  /** The database of a site whose processes cannot share one. */
  readonly shared_sql?: Sql;
  /** Where the same site is reached otherwise, as through a proxy. */
  readonly settings?: Partial<SiteSettings>;
  /** Time stands still, here and in the store: what is written is then the same to the byte. */
  readonly timeless?: boolean;
}

export const OPERATIONAL_DDL = readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');

/** Folder of the bucket's site in its own keys, and the location its tables give to the object with key "". */
export const rootOf = ({ s3 }: SiteSettings): string =>
  `s3://${s3.bucket}${s3.prefix === undefined ? '' : `/${s3.prefix.replace(/\/$/, '')}`}`;

export async function openPorts(site: SiteSettings, options: OpenOptions = {}) {
  const settings: SiteSettings = { ...site, ...options.settings };
  const same = <T>(value: T): T => value;
  const store = s3ObjectStore(settings.s3);
  const objects = (options.objects ?? same)(options.timeless === true ? timeless(store) : store);
  const kafka = settings.kafka === undefined ? undefined : kafkaEventBus(settings.kafka);
  const bus = (options.bus ?? same)(kafka ?? logEventBus({ dir: join(settings.home, 'events') }));
  const own_sql =
    settings.postgres_url === undefined
      ? undefined
      : postgresSql({ url: settings.postgres_url, ddl: OPERATIONAL_DDL });
  const given = own_sql ?? options.shared_sql;
  const sql = given === undefined ? undefined : (options.sql ?? same)(given);
  return {
    objects,
    parser: inProcessParser(parse),
    tables: tablesOf(settings, objects),
    lake: localLake({ objects, prefix: 'lake' }),
    bus,
    queries: columnarCurveQueries({ objects, cache_dir: join(settings.home, `cache-${process.pid}`) }),
    log: sql === undefined ? memoryIngestLog() : sqlIngestLog(sql),
    audit: sql === undefined ? memoryAudit() : sqlAudit(sql),
    operations: sql === undefined ? undefined : sqlOperations(sql),
    sql,
    clock: { now: () => (options.timeless === true ? FIXED_NOW : new Date().toISOString()) },
    alertTopic,
    qaTopic: qaResultTopic,
    curveTopic: curveObservationTopic,
    errorTopic: ingestErrorTopic,
    vendors: adapters,
    families,
    gate_timeout_ms: 30_000,
    expected_vendors: settings.expected_vendors,
    bucket: settings.s3.bucket,
    async close() {
      await Promise.all([kafka?.close(), own_sql?.close()]);
    },
  };
}

export type ChaosPorts = Awaited<ReturnType<typeof openPorts>>;

function tablesOf(settings: SiteSettings, objects: ObjectStore) {
  const { nessie, s3, name } = settings;
  // A site that has the whole bucket has its tables where the warehouse is.
  const warehouse_prefix = s3.prefix === undefined ? 'curated/iceberg' : 'tables';
  const place = { objects, bucket: s3.bucket, warehouse_prefix, location_root: rootOf(settings) };
  return nessie === undefined
    ? localTables(place)
    : nessieTables({ ...place, ...nessie, ref_prefix: `${name}_` });
}

/** Without the store's own times and version names, which differ from run to run. */
function timeless(store: ObjectStore): ObjectStore {
  const facts = { last_modified: FIXED_NOW, version_id: undefined };
  return {
    ...store,
    async get(key, options) {
      const found = await store.get(key, options);
      return found && { ...found, ...facts };
    },
    async head(key) {
      const found = await store.head(key);
      return found && { ...found, ...facts };
    },
  };
}
