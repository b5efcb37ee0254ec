/** The processes behind Kafka and SQS refuse what cannot work before anything is started, and say which setting it is. */
import { expect, test } from 'vitest';
import { hostProcess } from '#tests/fixtures/host-process.ts';

const KAFKA = { AURUM_KAFKA_BROKERS: '127.0.0.1:1', AURUM_SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' };

test.concurrent.each([
  ['kafka-consumer', { AURUM_FUNCTION: 'ingest' }, 2, /AURUM_KAFKA_BROKERS: is not set/],
  ['kafka-consumer', { ...KAFKA, AURUM_FUNCTION: 'api' }, 2, /AURUM_FUNCTION: .*objects trigger, \\"api\\"/],
  [
    'kafka-consumer',
    { ...KAFKA, AURUM_FUNCTION: 'ingest', AURUM_KAFKA_TLS: 'true', AURUM_KAFKA_CA_FILE: '/nowhere' },
    2,
    /AURUM_KAFKA_CA_FILE: \/nowhere cannot be read/,
  ],
  [
    'kafka-consumer',
    { ...KAFKA, AURUM_FUNCTION: 'ingest' },
    1,
    /127\.0\.0\.1:1 does not answer.*\(kafka_unavailable\).*AURUM_KAFKA_BROKERS/,
  ],
  ['sqs-consumer', {}, 2, /AURUM_FUNCTION: is not set; AURUM_SQS_QUEUE_URL: is not set/],
  ['function-server', { AURUM_FUNCTION: 'api', AURUM_KAFKA_SASL_USER: 'u' }, 2, /AURUM_KAFKA_SASL_PASSWORD/],
] as const)('%s with %j ends with %d', async (entry, settings, code, reason) => {
  const host = await hostProcess(entry, { AURUM_HOME: '/tmp/aurum-consumers', ...settings });
  expect(await host.ended()).toBe(code);
  expect(host.log()).toMatch(reason);
});
