/**
 * Kafka as a cluster of others has it: TLS with certificates of an authority of its own, login by SCRAM-SHA-512. The broker
 * is one of this test's, from the stack's software; the settings are those of a process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { schemaRegistry } from '#lib/adapters/event-bus/kafka-registry.ts';
import { registerSchemas } from '#lib/adapters/event-bus/kafka-schemas.ts';
import { ensureTopics } from '#lib/adapters/event-bus/kafka-topics.ts';
import { kafkaConnection, kafkaSettings } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { startKafkaHost } from '#lib/runtime/hosts/kafka.ts';
import { all } from '#tests/contract/event-bus/cases.ts';
import { eventually, sitePorts } from '#tests/fixtures/started.ts';
import { jdk } from '../../stack/command.ts';
import { siteOf } from '../../stack/service.ts';
import { kafka as kafkaService } from '../../stack/services/kafka.ts';
import { newInstallation, registry_url, removeInstallations } from './kafka-cluster.ts';

const software = siteOf(kafkaService).software;
const absent =
  registry_url === '' || !existsSync(software)
    ? 'AURUM_SCHEMA_REGISTRY_URL is not set, or Kafka is not installed'
    : undefined;
const folder = mkdtempSync(join(tmpdir(), 'aurum-kafka-tls-'));
const ca_file = join(folder, 'ca.pem');
const alert = {
  alert_id: 'a',
  raised_at: '2025-09-12T21:30:00.000Z',
  severity: 'info' as const,
  code: 'test',
  message: 'over TLS',
  source: 'test',
};
const LOGIN = { name: 'aurum', password: 'password-of-the-test' };

const properties = (ports: Readonly<Record<string, string>>) => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.controller}
listeners=SASL_SSL://127.0.0.1:${ports.login},PLAINTEXT://127.0.0.1:${ports.inner},CONTROLLER://127.0.0.1:${ports.controller}
advertised.listeners=SASL_SSL://127.0.0.1:${ports.login},PLAINTEXT://127.0.0.1:${ports.inner}
listener.security.protocol.map=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.location=${folder}/keys.p12
ssl.keystore.type=PKCS12
ssl.keystore.password=changeit
log.dirs=${folder}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`;

/** A certificate that is its own authority, for 127.0.0.1. */
function makeCertificate(): void {
  const keytool = (...parameters: string[]) =>
    execFileSync(join(jdk(17), 'bin', 'keytool'), [
      ...parameters,
      ...['-alias', 'broker', '-keystore', join(folder, 'keys.p12'), '-storepass', 'changeit'],
    ]);
  const who = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '30'];
  keytool('-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-storetype', 'PKCS12', ...who);
  writeFileSync(ca_file, keytool('-exportcert', '-rfc'));
}

describe.skipIf(absent !== undefined)(`Kafka over TLS${absent === undefined ? '' : `: ${absent}`}`, () => {
  let broker: ChildProcess;
  let login_port: string;
  const said: string[] = [];

  const settingsOf = (given: Record<string, string> = {}) =>
    readConfig({
      AURUM_KAFKA_BROKERS: `127.0.0.1:${login_port}`,
      AURUM_SCHEMA_REGISTRY_URL: registry_url,
      AURUM_KAFKA_TLS: 'true',
      AURUM_KAFKA_CA_FILE: ca_file,
      AURUM_KAFKA_SASL_USER: LOGIN.name,
      AURUM_KAFKA_SASL_PASSWORD: LOGIN.password,
      ...given,
    });
  const busOf = (given: Record<string, string> = {}) =>
    kafkaEventBus({ ...newInstallation(), ...kafkaSettings(settingsOf(given)), registry: { registry_url } });

  beforeAll(async () => {
    const [login, inner, controller] = Object.values(await sitePorts());
    login_port = login!;
    makeCertificate();
    const configuration = join(folder, 'server.properties');
    writeFileSync(configuration, properties({ login: login!, inner: inner!, controller: controller! }));
    const java = join(jdk(17), 'bin', 'java');
    const classes = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${software}/lib/*`];
    const scram = `SCRAM-SHA-512=[name=${LOGIN.name},password=${LOGIN.password}]`;
    const format = ['format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', configuration, '--add-scram', scram];
    execFileSync(java, [...classes, 'kafka.tools.StorageTool', ...format], { stdio: 'ignore' });
    broker = spawn(java, ['-Xmx256m', ...classes, 'kafka.Kafka', configuration], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [broker.stdout!, broker.stderr!]) stream.on('data', (text) => said.push(`${text}`));
    const answers = () =>
      ensureTopics(kafkaSettings(settingsOf()), []).then(
        () => 'ready',
        (error: unknown) => `${error}\n${said.join('')}`,
      );
    await eventually(answers, (answer) => answer === 'ready', 60_000);
  }, 120_000);
  afterAll(async () => {
    broker?.kill('SIGKILL');
    await removeInstallations();
    rmSync(folder, { recursive: true, force: true });
  });

  test('events are published in a transaction and read back', async () => {
    const { topic_prefix } = newInstallation();
    const settings = kafkaSettings(settingsOf());
    await registerSchemas(schemaRegistry({ registry_url }), [alertTopic], { topic_prefix });
    await ensureTopics(settings, [alertTopic], { topic_prefix });
    const bus = kafkaEventBus({ ...settings, topic_prefix, registry: { registry_url } });
    expect(await bus.publish(alertTopic, 'marker', [alert])).toBe('published');
    expect(await bus.publish(alertTopic, 'marker', [alert])).toBe('already');
    expect(await all(bus.read(alertTopic))).toHaveLength(1);
    await bus.close();
  });

  test('a wrong password is named with its setting, at once', async () => {
    const bus = busOf({ AURUM_KAFKA_SASL_PASSWORD: 'wrong' });
    const began_ms = performance.now();
    await expect(bus.publish(alertTopic, 'marker', [alert])).rejects.toMatchObject({
      kind: 'fault',
      code: 'kafka_unauthorised',
      remedy: expect.stringContaining('AURUM_KAFKA_SASL_PASSWORD'),
    });
    expect(performance.now() - began_ms).toBeLessThan(10_000);
    await bus.close();
  });

  test('a host with a wrong password ends with the same', async () => {
    const connection = await kafkaConnection(settingsOf({ AURUM_KAFKA_SASL_PASSWORD: 'wrong' }));
    const options = { topic: 'aurum.storage.event.v1', group: 'aurum-test', functions: [] };
    await expect(
      startKafkaHost({ ...connection, ...options, dead_letters: undefined as never }),
    ).rejects.toMatchObject({ code: 'kafka_unauthorised' });
  });

  test('a certificate of an authority that is not known is named with its setting', async () => {
    const bus = kafkaEventBus({
      ...newInstallation(),
      ...kafkaSettings(settingsOf()),
      ssl: true,
      registry: { registry_url },
    });
    await expect(bus.publish(alertTopic, 'marker', [alert])).rejects.toMatchObject({
      message: expect.stringMatching(/self-signed certificate/),
      code: 'kafka_unavailable',
      remedy: expect.stringContaining('AURUM_KAFKA_CA_FILE'),
    });
    await bus.close();
  });
});
