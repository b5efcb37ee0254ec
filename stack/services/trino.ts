/**
 * Trino with the catalogs `iceberg` (Nessie's main branch, files in MinIO) and `postgresql`. Only the plug-ins in use
 * are kept: each one costs start time and memory. It says it is started before it can answer, so a query decides.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../ask.ts';
import { jdk } from '../command.ts';
import { mavenArchive } from '../install.ts';
import { type Daemon, HOST, port, type Service, type Site } from '../service.ts';
import { S3_ACCESS_KEY, S3_ENDPOINT, S3_REGION, S3_SECRET_KEY } from './minio.ts';
import { NESSIE_URL, WAREHOUSE } from './nessie.ts';

const VERSION = '476';
const PORT = port(18080);
const URL = `http://${HOST}:${PORT}`;
/** The PostgreSQL plug-in takes its geometry type from geospatial and does not load without it. */
const PLUGINS = ['iceberg', 'postgresql', 'geospatial'];

async function install(folder: string): Promise<void> {
  await mavenArchive(`io.trino:trino-server:${VERSION}:tar.gz`, folder, 1);
  const plugins = readdirSync(join(folder, 'plugin')).filter((plugin) => !PLUGINS.includes(plugin));
  for (const plugin of plugins) rmSync(join(folder, 'plugin', plugin), { recursive: true });
}

const ICEBERG = `connector.name=iceberg
iceberg.catalog.type=rest
iceberg.rest-catalog.uri=${NESSIE_URL}/iceberg/main
iceberg.rest-catalog.warehouse=${WAREHOUSE}
iceberg.file-format=PARQUET
fs.native-s3.enabled=true
s3.endpoint=${S3_ENDPOINT}
s3.region=${S3_REGION}
s3.path-style-access=true
s3.aws-access-key=${S3_ACCESS_KEY}
s3.aws-secret-key=${S3_SECRET_KEY}
`;

const POSTGRESQL = `connector.name=postgresql
connection-url=jdbc:postgresql://${HOST}:${port(15432)}/aurum
connection-user=aurum
connection-password=aurum
`;

const SERVER = `coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=${PORT}
node.internal-address=${HOST}
node.bind-ip=${HOST}
discovery.uri=${URL}
query.max-memory-per-node=600MB
query.max-memory=600MB
query.max-length=10000000
query-manager.required-workers=1
catalog.management=dynamic
`;

const JVM = [
  '-Xmx1500m',
  '-XX:+UseG1GC',
  '-XX:+ExitOnOutOfMemoryError',
  '-XX:ReservedCodeCacheSize=256M',
  '-XX:TieredStopAtLevel=1',
  '-Djdk.attach.allowAttachSelf=true',
  '-Djdk.nio.maxCachedBufferSize=2000000',
  '-Dfile.encoding=UTF-8',
  '--enable-native-access=ALL-UNNAMED',
  '--sun-misc-unsafe-memory-access=allow',
];

/** Without Trino's launcher: it keeps a pid file of its own and refuses to start when that pid was given to another. */
function daemon(site: Site): Daemon {
  const { etc } = site;
  const node = {
    'node.environment': 'aurum',
    'node.id': 'aurum-1',
    'node.data-dir': site.data,
    'plugin.dir': join(site.software, 'plugin'),
    'catalog.config-dir': join(etc, 'catalog'),
    'log.enable-console': 'true',
    'log.levels-file': join(etc, 'log.properties'),
    config: join(etc, 'config.properties'),
  };
  const settings = Object.entries(node).map(([name, value]) => `-D${name}=${value}`);
  const server = ['-cp', `${site.software}/lib/*`, 'io.trino.server.TrinoServer'];
  return {
    argv: [join(jdk(24), 'bin', 'java'), ...JVM, ...settings, ...server],
    files: {
      [node.config]: SERVER,
      [node['log.levels-file']]: 'io.trino=WARN\norg.apache.iceberg=WARN\nBootstrap=WARN\n',
      [join(etc, 'catalog', 'iceberg.properties')]: ICEBERG,
      [join(etc, 'catalog', 'postgresql.properties')]: POSTGRESQL,
    },
  };
}

/** One statement over Trino's REST protocol, to its end. */
async function statement(sql: string): Promise<void> {
  const headers = { 'X-Trino-User': 'stack' };
  let answer = JSON.parse(await ask(`${URL}/v1/statement`, { method: 'POST', headers, body: sql }));
  while (answer.nextUri) answer = JSON.parse(await ask(answer.nextUri, { headers }));
  if (answer.stats.state !== 'FINISHED')
    throw new Error(`${sql}: ${answer.error?.message ?? answer.stats.state}`);
}

export const trino: Service = {
  name: 'trino',
  version: VERSION,
  ports: [PORT],
  uses: ['nessie', 'minio', 'postgres'],
  settings: { AURUM_TRINO_URL: URL, AURUM_TRINO_USER: 'aurum' },
  install,
  daemon,
  query: () => statement('SELECT count(*) FROM iceberg.information_schema.schemata'),
};
