/** Kafka 4 as one broker and controller (KRaft). Its query creates the topic MinIO notifies, which MinIO does not do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from '../ask.ts';
import { jdk, run } from '../command.ts';
import { mavenJars } from '../install.ts';
import { type Daemon, HOST, port, type Service, type Site } from '../service.ts';

const BROKER = port(19092);
const CONTROLLER = port(19093);
export const STORAGE_TOPIC = 'aurum.storage.event.v1';
export const STORAGE_TOPIC_PARTITIONS = 6;
export const KAFKA_BROKERS = `${HOST}:${BROKER}`;

const java = () => join(jdk(17), 'bin', 'java');
const configuration = (site: Site) => join(site.etc, 'server.properties');

const properties = (site: Site) => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${HOST}:${CONTROLLER}
listeners=PLAINTEXT://${HOST}:${BROKER},CONTROLLER://${HOST}:${CONTROLLER}
advertised.listeners=PLAINTEXT://${HOST}:${BROKER}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=${site.data}/log
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`;

const LOGGING = `Configuration:
  Appenders:
    Console:
      name: STDOUT
      PatternLayout: {pattern: "[%d] %p %m (%c)%n"}
  Loggers:
    Root:
      level: WARN
      AppenderRef: [{ref: STDOUT}]
`;

const classes = (site: Site) => [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  `${site.software}/lib/*`,
  `-Dlog4j2.configurationFile=${site.etc}/log4j2.yaml`,
];

async function format(site: Site, daemon: Daemon): Promise<void> {
  if (existsSync(join(site.data, 'log', 'meta.properties'))) return;
  const tool = [
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'MkU3OEVBNTcwNTJENDM2Qg',
    '-c',
    configuration(site),
  ];
  await run(daemon.argv[0], ['-Xmx128m', ...classes(site), ...tool]);
}

const daemon = (site: Site): Daemon => ({
  argv: [java(), '-Xms256m', '-Xmx512m', ...classes(site), 'kafka.Kafka', configuration(site)],
  files: { [configuration(site)]: properties(site), [join(site.etc, 'log4j2.yaml')]: LOGGING },
});

const text = (value: string) => {
  const length = Buffer.alloc(2);
  length.writeInt16BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
};
const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number) =>
  Buffer.from([value >> 24, value >> 16, value >> 8, value].map((byte) => byte & 255));

/** CreateTopics (key 19) of version 2, the last with plain lengths: https://kafka.apache.org/protocol#The_Messages_CreateTopics */
export function createTopicRequest(topic: string, partitions: number): Buffer {
  const header = [int16(19), int16(2), int32(1), text('aurum-stack')];
  const wanted = [int32(1), text(topic), int32(partitions), int16(1), int32(0), int32(0)];
  const body = Buffer.concat([...header, ...wanted, int32(10_000), Buffer.from([0])]);
  return Buffer.concat([int32(body.length), body]);
}

const complete = (answer: Buffer) => answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0);
const TOPIC_EXISTS = 36;

async function createTopic(topic: string, partitions: number): Promise<void> {
  const answer = await exchange(BROKER, createTopicRequest(topic, partitions), complete);
  // size, correlation, throttle time, count: 4 bytes each; then the name and its error code
  const code = answer.readInt16BE(18 + answer.readInt16BE(16));
  if (code !== 0 && code !== TOPIC_EXISTS) throw new Error(`topic ${topic}: Kafka error ${code}`);
}

export const kafka: Service = {
  name: 'kafka',
  version: '4.4.0',
  ports: [BROKER, CONTROLLER],
  settings: { AURUM_KAFKA_BROKERS: KAFKA_BROKERS },
  install: (folder) => mavenJars('org.apache.kafka:kafka_2.13:4.4.0', folder),
  prepare: format,
  daemon,
  query: () => createTopic(STORAGE_TOPIC, STORAGE_TOPIC_PARTITIONS),
};
