import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { settings } from '#lib/runtime/config.ts';
import { siteOf } from '../../../stack/service.ts';
import {
  createTopicRequest,
  STORAGE_TOPIC,
  STORAGE_TOPIC_PARTITIONS,
} from '../../../stack/services/kafka.ts';
import { closure, SERVICES, settingsOf } from '../../../stack/services.ts';

const root = new URL('../../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const names = SERVICES.map(({ name }) => name);

describe('the services', () => {
  test('have names and ports of their own, and need only each other', () => {
    const ports = SERVICES.flatMap((service) => service.ports);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(ports).size).toBe(ports.length);
    for (const { after = [], uses = [] } of SERVICES)
      expect(names).toEqual(expect.arrayContaining([...after, ...uses]));
  });

  test('bring what they need with them', () => {
    expect(closure(['trino']).map(({ name }) => name)).toEqual([
      'kafka',
      'minio',
      'nessie',
      'trino',
      'postgres',
    ]);
    expect(closure(['redis']).map(({ name }) => name)).toEqual(['redis']);
    expect(closure([])).toEqual(SERVICES);
  });

  test('an unknown one is refused with the names there are', () => {
    expect(() => closure(['mysql'])).toThrow('There is no service mysql.');
  });

  test('run software of the shared folder on data below the run folder', () => {
    const site = siteOf(SERVICES[0]!, '/srv/any/stack');
    expect(site.software).toBe('/srv/any/stack/kafka-4.4.0');
    expect(site.data).toBe('/srv/any/stack/run/kafka/data');
  });
});

test('the topic for MinIO is asked for in the bytes of Kafka protocol CreateTopics v2', () => {
  const request = createTopicRequest('t', 6);
  expect(request.toString('hex')).toBe(
    [
      '0000002f', // size
      '0013' + '0002' + '00000001', // key, version, correlation
      `000b${Buffer.from('aurum-stack').toString('hex')}`,
      '00000001' + '0001' + '74', // one topic: t
      '00000006' + '0001', // partitions, replicas
      '00000000' + '00000000', // no assignments, no settings
      '00002710' + '00', // timeout 10 s, not only validated
    ].join(''),
  );
});

describe('.env.example', () => {
  const lines = text('.env.example').split('\n');
  const setting = /^(?:# )?(AURUM_[A-Z0-9_]+)=(.*)$/;
  const entries = lines.flatMap((line) => (setting.exec(line) ? [{ line, match: setting.exec(line)! }] : []));

  test('names only settings that exist', () => {
    for (const { match } of entries) expect(Object.keys(settings.shape)).toContain(match[1]);
  });

  test('sets what `stack.ts env` prints', () => {
    const active = entries
      .filter(({ line }) => !line.startsWith('#'))
      .map(({ match }) => [match[1], match[2]]);
    expect(Object.fromEntries(active)).toEqual(settingsOf(SERVICES));
  });

  test('its lakeFS credentials are those of compose.yaml', () => {
    const { lakefs } = parse(text('stack/compose.yaml'), { merge: true }).services;
    const value = (name: string) => entries.find(({ match }) => match[1] === name)?.match[2];
    expect(value('AURUM_LAKEFS_ACCESS_KEY')).toBe(lakefs.environment.LAKEFS_INSTALLATION_ACCESS_KEY_ID);
    expect(value('AURUM_LAKEFS_SECRET_KEY')).toBe(lakefs.environment.LAKEFS_INSTALLATION_SECRET_ACCESS_KEY);
    expect(lakefs.ports).toEqual([`127.0.0.1:${new URL(value('AURUM_LAKEFS_ENDPOINT')!).port}:8000`]);
  });
});

interface Container {
  readonly image: string;
  readonly command?: string | string[];
  readonly ports?: string[];
  readonly healthcheck?: { test: string[]; retries: number };
  readonly depends_on?: Record<string, { condition: string }>;
  readonly environment?: Record<string, string>;
  readonly volumes?: string[];
  readonly configs?: { source: string }[];
}

describe('compose.yaml', () => {
  const file = parse(text('stack/compose.yaml'), { merge: true });
  const containers = file.services as Record<string, Container>;
  const ONLY_WITH_DOCKER = ['lakefs', 'marquez', 'timescale', 'clickhouse'];
  const ONCE = ['kafka-topic'];
  const published = ({ ports = [] }: Container) => ports.map((port) => port.split(':'));

  test('has the services of the stack on the same ports, and four more', () => {
    expect(Object.keys(containers).sort()).toEqual([...names, ...ONLY_WITH_DOCKER, ...ONCE].sort());
    for (const { name, ports } of SERVICES)
      expect(published(containers[name]!)[0]?.[1]).toBe(String(ports[0]));
  });

  test('publishes each port once and on this machine only', () => {
    const all = Object.values(containers).flatMap(published);
    expect(all.map(([host]) => host)).toEqual(all.map(() => '127.0.0.1'));
    expect(new Set(all.map(([, port]) => port)).size).toBe(all.length);
  });

  test('pins every image, and a health check belongs to all that stay', () => {
    for (const [name, { image, healthcheck }] of Object.entries(containers)) {
      expect(image).toMatch(/:(RELEASE\.|v?\d)[\w.-]+$/);
      if (!ONCE.includes(name)) expect(healthcheck).toMatchObject({ retries: 60, test: expect.any(Array) });
    }
  });

  test('refers only to what it declares', () => {
    for (const { depends_on = {}, volumes = [], configs = [] } of Object.values(containers)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe(ONCE.includes(name) ? 'service_completed_successfully' : 'service_healthy');
        expect(Object.keys(containers)).toContain(name);
      }
      for (const volume of volumes) expect(Object.keys(file.volumes)).toContain(volume.split(':')[0]);
      for (const { source } of configs) expect(Object.keys(file.configs)).toContain(source);
    }
  });

  test('takes the credentials and names of the stack', () => {
    const stack = settingsOf(SERVICES);
    const { minio, openbao, postgres, nessie } = containers;
    expect(minio?.environment).toMatchObject({
      MINIO_ROOT_USER: stack.AURUM_S3_ACCESS_KEY,
      MINIO_ROOT_PASSWORD: stack.AURUM_S3_SECRET_KEY,
      MINIO_NOTIFY_KAFKA_TOPIC_AURUM: STORAGE_TOPIC,
    });
    expect(openbao?.environment?.BAO_DEV_ROOT_TOKEN_ID).toBe(stack.AURUM_VAULT_TOKEN);
    expect(nessie?.environment?.['nessie.catalog.default-warehouse']).toBe(stack.AURUM_NESSIE_WAREHOUSE);
    const { username, password, pathname } = new URL(stack.AURUM_POSTGRES_URL!);
    expect(postgres?.environment).toMatchObject({ POSTGRES_USER: username, POSTGRES_PASSWORD: password });
    expect(pathname).toBe(`/${postgres?.environment?.POSTGRES_DB}`);
    const topic = containers['kafka-topic']?.command;
    expect(topic).toContain(`--topic=${STORAGE_TOPIC}`);
    expect(topic).toContain(`--partitions=${STORAGE_TOPIC_PARTITIONS}`);
  });
});

describe('the command', () => {
  const stack = (...parameters: string[]) =>
    execFileSync(process.execPath, [new URL('stack/stack.ts', root).pathname, ...parameters], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  test('explains itself', () => {
    const help = stack('--help');
    for (const name of names) expect(help).toContain(name);
  });

  test('refuses what it does not know with exit 2 and a remedy', () => {
    expect(() => stack('restart')).toThrow(
      expect.objectContaining({ status: 2, stderr: expect.stringMatching(/no command restart.*--help/) }),
    );
  });
});
