/** ElasticMQ, the SQS API: one queue for bucket notifications with its dead-letter queue; messages in memory. */
import { join } from 'node:path';
import { ask } from '../ask.ts';
import { jdk } from '../command.ts';
import { mavenJars } from '../install.ts';
import { HOST, port, type Service, type Site } from '../service.ts';

const VERSION = '1.7.1';
const PORT = port(19324);
const QUEUE = 'aurum-ingest';
const ENDPOINT = `http://${HOST}:${PORT}`;

const configuration = `include classpath("application.conf")
node-address { protocol = http, host = "${HOST}", port = ${PORT}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${PORT}, bind-hostname = "${HOST}", sqs-limits = strict }
rest-stats { enabled = false }
queues {
  ${QUEUE}-dlq {}
  ${QUEUE} {
    defaultVisibilityTimeout = 30 seconds
    deadLettersQueue { name = "${QUEUE}-dlq", maxReceiveCount = 5 }
  }
}
`;

const file = (site: Site) => join(site.etc, 'elasticmq.conf');

export const elasticmq: Service = {
  name: 'elasticmq',
  version: VERSION,
  ports: [PORT],
  settings: { AURUM_SQS_ENDPOINT: ENDPOINT, AURUM_SQS_QUEUE_URL: `${ENDPOINT}/000000000000/${QUEUE}` },
  install: (folder) => mavenJars(`org.elasticmq:elasticmq-server_2.13:${VERSION}`, folder),
  daemon: (site) => ({
    argv: [
      join(jdk(17), 'bin', 'java'),
      ...['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dconfig.file=${file(site)}`],
      ...['-cp', `${site.software}/lib/*`, 'org.elasticmq.server.Main'],
    ],
    files: { [file(site)]: configuration },
  }),
  query: async () => {
    const queues = await ask(`${ENDPOINT}/?Action=ListQueues`);
    if (!queues.includes(`/${QUEUE}<`)) throw new Error(`no queue ${QUEUE}`);
  },
};
