/**
 * MinIO, notifying Kafka: a notification is kept on disk until Kafka has it (queue_dir), and an upload is answered only
 * when it is there (sync). `AURUM_EVENT_WEBHOOK` adds a webhook target. Buckets and their rules are the bootstrap's.
 */
import { join } from 'node:path';
import { readSetting } from '#lib/runtime/config.ts';
import { ask } from '../ask.ts';
import { goCommand } from '../install.ts';
import { type Daemon, HOST, port, type Service, type Site } from '../service.ts';
import { KAFKA_BROKERS, STORAGE_TOPIC } from './kafka.ts';

/** The last commit the Go module proxy has. */
const COMMIT = 'v0.0.0-20260212201848-7aac2a2c5b7c';
const PORT = port(19000);
export const S3_ENDPOINT = `http://${HOST}:${PORT}`;
export const S3_ACCESS_KEY = 'minio';
export const S3_SECRET_KEY = 'minio123';
export const S3_REGION = 'us-east-1';

function webhook(site: Site): Record<string, string> {
  const endpoint = readSetting('AURUM_EVENT_WEBHOOK');
  const token = readSetting('AURUM_EVENT_TOKEN');
  if (endpoint === undefined) return {};
  return {
    MINIO_NOTIFY_WEBHOOK_ENABLE_AURUM: 'on',
    MINIO_NOTIFY_WEBHOOK_ENDPOINT_AURUM: endpoint,
    MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_AURUM: join(site.data, 'webhook-queue'),
    ...(token !== undefined ? { MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_AURUM: token } : {}),
  };
}

const daemon = (site: Site): Daemon => ({
  argv: [`${site.software}/bin/minio`, 'server', '--address', `${HOST}:${PORT}`, join(site.data, 'objects')],
  environment: {
    MINIO_ROOT_USER: S3_ACCESS_KEY,
    MINIO_ROOT_PASSWORD: S3_SECRET_KEY,
    MINIO_REGION: S3_REGION,
    MINIO_BROWSER: 'off',
    MINIO_UPDATE: 'off',
    MINIO_API_SYNC_EVENTS: 'on',
    MINIO_NOTIFY_KAFKA_ENABLE_AURUM: 'on',
    MINIO_NOTIFY_KAFKA_BROKERS_AURUM: KAFKA_BROKERS,
    MINIO_NOTIFY_KAFKA_TOPIC_AURUM: STORAGE_TOPIC,
    MINIO_NOTIFY_KAFKA_QUEUE_DIR_AURUM: join(site.data, 'kafka-queue'),
    ...webhook(site),
  },
});

export const minio: Service = {
  name: 'minio',
  version: '20260212201848',
  ports: [PORT],
  after: ['kafka'],
  settings: {
    AURUM_S3_ENDPOINT: S3_ENDPOINT,
    AURUM_S3_ACCESS_KEY: S3_ACCESS_KEY,
    AURUM_S3_SECRET_KEY: S3_SECRET_KEY,
    AURUM_S3_REGION: S3_REGION,
  },
  install: (folder) => goCommand(`github.com/minio/minio@${COMMIT}`, folder),
  daemon,
  query: async () => void (await ask(`${S3_ENDPOINT}/minio/health/cluster`)),
};
