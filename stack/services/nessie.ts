/**
 * Nessie: branches, tags and commits over Iceberg tables, on disk (RocksDB), since the tables' files in MinIO stay too.
 * The S3 secret is named outside the `nessie.` prefix: inside it, Nessie reads it as a setting of its own and fails.
 */
import { join } from 'node:path';
import { ask } from '../ask.ts';
import { jdk } from '../command.ts';
import { mavenFile } from '../install.ts';
import { HOST, port, type Service } from '../service.ts';
import { S3_ACCESS_KEY, S3_ENDPOINT, S3_REGION, S3_SECRET_KEY } from './minio.ts';

const VERSION = '0.99.0';
const PORT = port(19120);
const MANAGEMENT = port(19121);
export const NESSIE_URL = `http://${HOST}:${PORT}`;
export const WAREHOUSE = 'aurum';
const S3 = 'nessie.catalog.service.s3.default-options';

const settings = (data: string) => ({
  'quarkus.http.host': HOST,
  'quarkus.http.port': PORT,
  'quarkus.management.host': HOST,
  'quarkus.management.port': MANAGEMENT,
  'quarkus.otel.sdk.disabled': true,
  'nessie.version.store.type': 'ROCKSDB',
  'nessie.version.store.persist.rocks.database-path': data,
  'nessie.catalog.default-warehouse': WAREHOUSE,
  [`nessie.catalog.warehouses.${WAREHOUSE}.location`]: 's3://aurum/curated/iceberg',
  [`${S3}.endpoint`]: S3_ENDPOINT,
  [`${S3}.path-style-access`]: true,
  [`${S3}.region`]: S3_REGION,
  [`${S3}.auth-type`]: 'STATIC',
  [`${S3}.access-key`]: 'urn:nessie-secret:quarkus:aurum-secrets.s3',
  'aurum-secrets.s3.name': S3_ACCESS_KEY,
  'aurum-secrets.s3.secret': S3_SECRET_KEY,
});

export const nessie: Service = {
  name: 'nessie',
  version: VERSION,
  ports: [PORT, MANAGEMENT],
  uses: ['minio'],
  settings: { AURUM_NESSIE_URL: NESSIE_URL, AURUM_NESSIE_WAREHOUSE: WAREHOUSE },
  install: async (folder) =>
    void (await mavenFile(`org.projectnessie.nessie:nessie-quarkus:${VERSION}:jar:runner`, folder)),
  daemon: (site) => ({
    argv: [
      join(jdk(21), 'bin', 'java'),
      ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...Object.entries(settings(join(site.data, 'versions'))).map(([name, value]) => `-D${name}=${value}`),
      ...['-jar', `${site.software}/nessie-quarkus-${VERSION}-runner.jar`],
    ],
  }),
  query: async () => void (await ask(`${NESSIE_URL}/iceberg/v1/config?warehouse=${WAREHOUSE}`)),
};
