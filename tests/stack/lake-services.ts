/**
 * Where the object store, Nessie and Trino of the stack tests are, from the environment, and corners of them for one test
 * file alone: branches and tags with a prefix, a folder in the bucket, a Trino catalog that reads that `main`.
 */
import { randomUUID } from 'node:crypto';
import { raw, type TrinoOptions, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { nessieTables } from '#lib/adapters/tables/nessie.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';

const { env } = process;

export const NESSIE_THERE = env.AURUM_NESSIE_URL !== undefined && env.AURUM_S3_ENDPOINT !== undefined;
export const TRINO_THERE = NESSIE_THERE && env.AURUM_TRINO_URL !== undefined;

const nessie = {
  nessie_url: env.AURUM_NESSIE_URL ?? '',
  warehouse: env.AURUM_NESSIE_WAREHOUSE ?? 'aurum',
};
const s3 = {
  endpoint: env.AURUM_S3_ENDPOINT ?? '',
  region: env.AURUM_S3_REGION ?? 'us-east-1',
  bucket: env.AURUM_S3_BUCKET ?? 'aurum',
  access_key: env.AURUM_S3_ACCESS_KEY ?? 'minio',
  secret_key: env.AURUM_S3_SECRET_KEY ?? 'minio123',
};

export interface Corner {
  /** `{name}_main` is its main branch. */
  readonly name: string;
  readonly objects: ObjectStore;
  /** Location of the object with key "". */
  readonly location_root: string;
  readonly nessie_url: string;
  readonly warehouse: string;
  /** A new adapter on the same state: a restart. */
  readonly open: (objects?: ObjectStore) => Tables;
}

export function corner(): Corner {
  const name = `test${randomUUID().slice(0, 8)}`;
  const location_root = `s3://${s3.bucket}`;
  const objects = s3ObjectStore({ ...s3, force_path_style: true });
  const options = {
    ...nessie,
    bucket: s3.bucket,
    location_root,
    warehouse_prefix: `curated/iceberg/${name}`,
    ref_prefix: `${name}_`,
  };
  return {
    ...nessie,
    name,
    objects,
    location_root,
    open: (store = objects) => nessieTables({ ...options, objects: store }),
  };
}

export interface TrinoCorner {
  readonly options: TrinoOptions;
  /** Takes the catalog away again. */
  readonly close: () => Promise<void>;
}

/** A catalog on the corner's main, as ddl/trino/catalog/iceberg.properties is on the real one's. */
export async function trinoOn({ name, open }: Corner): Promise<TrinoCorner> {
  await open().head('main');
  const options = {
    url: env.AURUM_TRINO_URL ?? '',
    user: env.AURUM_TRINO_USER ?? 'aurum',
    catalog: name,
    schema: 'market',
  };
  const trino = trinoSql({ ...options, catalog: 'system' });
  const properties = Object.entries({
    'iceberg.catalog.type': 'rest',
    'iceberg.rest-catalog.uri': `${nessie.nessie_url}/iceberg/${name}_main`,
    'iceberg.rest-catalog.warehouse': nessie.warehouse,
    'fs.native-s3.enabled': 'true',
    's3.endpoint': s3.endpoint,
    's3.region': s3.region,
    's3.path-style-access': 'true',
    's3.aws-access-key': s3.access_key,
    's3.aws-secret-key': s3.secret_key,
  }).map(([property, value]) => `"${property}" = '${value}'`);
  await trino.query(raw(`CREATE CATALOG ${name} USING iceberg WITH (${properties.join(', ')})`));
  return { options, close: async () => void (await trino.query(raw(`DROP CATALOG ${name}`))) };
}
