/**
 * The only file that names adapters: settings in, the ports of the flows out. One platform per process.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import { columnarCurveQueries } from '#lib/adapters/curve-queries/columnar.ts';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { sqlIngestLog } from '#lib/adapters/ingest-log/sql.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { sqlOperations } from '#lib/adapters/operations/sql.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import { localLake } from '#lib/adapters/versioned-lake/local.ts';
import { workerThreadParser } from '#lib/adapters/workbook-parser/worker-thread.ts';
import { families } from '#lib/gates/registry.gen.ts';
import type { Clock } from '#lib/ports/clock.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import { type Config, readConfig } from './config.ts';

const systemClock: Clock = { now: () => new Date().toISOString() };

/** Local stores below `AURUM_HOME`, objects over S3. */
export function composeLocal(config: Config) {
  const objects = s3ObjectStore({
    endpoint: config.AURUM_S3_ENDPOINT,
    region: config.AURUM_S3_REGION,
    bucket: config.AURUM_S3_BUCKET,
    access_key: config.AURUM_S3_ACCESS_KEY,
    secret_key: config.AURUM_S3_SECRET_KEY,
    force_path_style: config.AURUM_S3_PATH_STYLE,
  });
  const ddl = readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');
  const sql = pgliteSql({ dir: join(config.AURUM_HOME, 'postgres'), ddl });
  const worker = new URL('./parse-worker.ts', import.meta.url);
  return {
    config,
    objects,
    sql,
    parser: workerThreadParser({ entry: worker, timeout_ms: config.AURUM_PARSE_TIMEOUT_MS }),
    tables: localTables({ objects, bucket: config.AURUM_S3_BUCKET, warehouse_prefix: 'curated/iceberg' }),
    lake: localLake({ objects, prefix: 'lake' }),
    bus: logEventBus({ dir: join(config.AURUM_HOME, 'events') }),
    queries: columnarCurveQueries({
      objects,
      cache_dir: join(config.AURUM_HOME, 'cache'),
      memory_limit_mb: config.AURUM_QUERY_MEMORY_MB,
    }),
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

/** Every port, and the settings the functions need. */
export type Platform = ReturnType<typeof composeLocal>;

let composed: Platform | undefined;

/** The platform of this process, composed from its environment at the first call. */
export async function platform(): Promise<Platform> {
  composed ??= composeLocal(readConfig(process.env));
  return composed;
}
