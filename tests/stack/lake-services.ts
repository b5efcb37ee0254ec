/**
 * Where the object store, Nessie and Trino of the stack tests are, from the environment, and corners of them for one test
 * file alone: branches and tags with a prefix, a folder in the bucket, a Trino catalog that reads that `main`.
 */
import { randomUUID } from 'node:crypto';
import { Client } from 'minio';
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

function minio(): Client {
  const { hostname, port, protocol } = new URL(s3.endpoint);
  const useSSL = protocol === 'https:';
  const { access_key: accessKey, secret_key: secretKey } = s3;
  return new Client({ endPoint: hostname, port: Number(port), useSSL, accessKey, secretKey });
}

/** The bucket is the bootstrap's to make; a stack that was only started has none. */
export async function bucketThere(): Promise<void> {
  const client = minio();
  if (!(await client.bucketExists(s3.bucket))) await client.makeBucket(s3.bucket, s3.region);
}

const made: string[] = [];

/** Takes away the references and objects of this file's corners. */
export async function clearCorners(): Promise<void> {
  const client = minio();
  for (const name of made.splice(0)) {
    const filter = encodeURIComponent(`ref.name.startsWith('${name}_')`);
    const listed = await fetch(`${nessie.nessie_url}/api/v2/trees?filter=${filter}`);
    const { references } = (await listed.json()) as {
      references: { name: string; hash: string; type: string }[];
    };
    for (const { name: ref, hash, type } of references) {
      await fetch(`${nessie.nessie_url}/api/v2/trees/${ref}@${hash}?type=${type}`, { method: 'DELETE' });
    }
    const keys: string[] = [];
    for await (const { name: key } of client.listObjectsV2(s3.bucket, `curated/iceberg/${name}/`, true))
      keys.push(key);
    await client.removeObjects(s3.bucket, keys);
  }
}

export interface Corner {
  /** `{name}_main` is its main branch. */
  readonly name: string;
  readonly bucket: string;
  readonly objects: ObjectStore;
  /** Location of the object with key "". */
  readonly location_root: string;
  readonly nessie_url: string;
  readonly warehouse: string;
  /** A new adapter on the same state: a restart. */
  readonly open: (objects?: ObjectStore) => Tables;
}

/** `whole_bucket`: keys are the bucket's own, for tables whose place Nessie chooses; data files still lie apart. */
export function corner({ whole_bucket = false } = {}): Corner {
  const name = `test${randomUUID().slice(0, 8)}`;
  made.push(name);
  const { bucket } = s3;
  const folder = `curated/iceberg/${name}`;
  const prefix = whole_bucket ? '' : `${folder}/`;
  const objects = s3ObjectStore({ ...s3, force_path_style: true, prefix });
  const location_root = whole_bucket ? `s3://${bucket}` : `s3://${bucket}/${folder}`;
  const options = {
    ...nessie,
    bucket,
    location_root,
    warehouse_prefix: whole_bucket ? folder : 'tables',
    ref_prefix: `${name}_`,
  };
  const open = (store: ObjectStore = objects) => nessieTables({ ...options, objects: store });
  return { ...nessie, name, bucket, objects, location_root, open };
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
