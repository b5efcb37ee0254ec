/** Schema Registry: Apicurio, used through its Confluent API; schemas in an H2 file, since Kafka's records name them by id. */
import { join } from 'node:path';
import { ask } from '../ask.ts';
import { jdk } from '../command.ts';
import { mavenArchive } from '../install.ts';
import { HOST, port, type Service } from '../service.ts';

const VERSION = '3.3.3';
const PORT = port(18081);
const MANAGEMENT = port(18082);
const URL = `http://${HOST}:${PORT}/apis/ccompat/v7`;

export const registry: Service = {
  name: 'registry',
  version: VERSION,
  ports: [PORT, MANAGEMENT],
  settings: { AURUM_SCHEMA_REGISTRY_URL: URL },
  install: (folder) => mavenArchive(`io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`, folder, 0),
  daemon: (site) => ({
    argv: [
      join(jdk(21), 'bin', 'java'),
      '-Xmx384m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Dquarkus.http.host=${HOST}`,
      `-Dquarkus.http.port=${PORT}`,
      `-Dquarkus.management.host=${HOST}`,
      `-Dquarkus.management.port=${MANAGEMENT}`,
      '-Dapicurio.storage.kind=sql',
      `-Dapicurio.datasource.url=jdbc:h2:file:${site.data}/schemas`,
      '-jar',
      `${site.software}/quarkus-run.jar`,
    ],
  }),
  query: async () => void (await ask(`${URL}/subjects`)),
};
