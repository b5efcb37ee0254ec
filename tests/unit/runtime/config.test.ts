import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readConfig, readSetting } from '#lib/runtime/config.ts';

test('an empty environment gives the local defaults', () => {
  const config = readConfig({});
  expect(config.AURUM_S3_ENDPOINT).toBe('http://127.0.0.1:9000');
  expect(config.AURUM_EXPECTED_VENDORS).toEqual(['pw', 'eugp', 'rp']);
  expect(config.AURUM_SIMULATION_WORKERS).toBe(availableParallelism());
});

test('a setting that is empty is not set', () => {
  expect(readConfig({ AURUM_KAFKA_BROKERS: '', AURUM_HTTP_PORT: '' }).AURUM_HTTP_PORT).toBe(3000);
});

test('the endpoint follows the gateway port unless it is set', () => {
  expect(readConfig({ AURUM_S3_PORT: '9100' }).AURUM_S3_ENDPOINT).toBe('http://127.0.0.1:9100');
  expect(
    readConfig({ AURUM_S3_PORT: '9100', AURUM_S3_ENDPOINT: 'http://minio:9000' }).AURUM_S3_ENDPOINT,
  ).toBe('http://minio:9000');
});

test('an identity provider that is named vouches for callers; this machine does without one', () => {
  expect(readConfig({}).AURUM_AUTH).toBe('development');
  expect(readConfig({ AURUM_OIDC_ISSUER: 'https://login.example.com' }).AURUM_AUTH).toBe('oidc');
});

describe('a wrong setting', () => {
  test.each([
    ['AURUM_HTTP_PORT', 'many'],
    ['AURUM_KAFKA_BROKERS', 'kafka.example.com'],
    ['AURUM_KAFKA_BROKERS', 'kafka:9092,http://kafka:9092'],
    ['AURUM_REDIS_URL', 'http://redis:6379'],
    ['AURUM_CORS_ORIGINS', 'https://desk.example.com/page'],
    ['AURUM_CORS_ORIGINS', '*'],
    ['AURUM_DEADLINES', 'pw=25:00@Europe/London'],
    ['AURUM_CLOCK_TOLERANCE_S', '-1'],
    ['AURUM_AUTH', 'none'],
  ])('%s=%s is refused by name with what to do', (field, value) => {
    const environment = { AURUM_SCHEMA_REGISTRY_URL: 'http://registry', [field]: value };
    expect(() => readConfig(environment)).toThrow(
      expect.objectContaining({
        kind: 'refused',
        code: 'setting_invalid',
        place: { field },
        remedy: expect.stringContaining('.env'),
      }),
    );
    expect(() => readSetting(field as 'AURUM_AUTH', environment)).toThrow(
      expect.objectContaining({ code: 'setting_invalid', place: { field } }),
    );
  });
});

describe('a setting without what it needs', () => {
  const NESSIE = { AURUM_NESSIE_URL: 'http://nessie' };
  const TRINO = { AURUM_QUERIES: 'trino', AURUM_TRINO_URL: 'http://trino' };
  const LAKEFS = { AURUM_LAKEFS_ENDPOINT: 'http://lakefs', AURUM_LAKEFS_ACCESS_KEY: 'a' };
  const LEASED = { AURUM_VAULT_DATABASE_ROLE: 'app', AURUM_VAULT_ADDR: 'http://vault' };
  test.each([
    [{ AURUM_KAFKA_BROKERS: 'kafka:9092' }, 'AURUM_KAFKA_BROKERS needs AURUM_SCHEMA_REGISTRY_URL'],
    [{ AURUM_KAFKA_SASL_USER: 'u' }, 'AURUM_KAFKA_SASL_USER needs AURUM_KAFKA_SASL_PASSWORD'],
    [{ AURUM_KAFKA_CA_FILE: 'ca.pem' }, 'AURUM_KAFKA_CA_FILE needs AURUM_KAFKA_TLS'],
    [LAKEFS, 'AURUM_LAKEFS_ENDPOINT needs AURUM_LAKEFS_SECRET_KEY'],
    [{ ...NESSIE, AURUM_QUERIES: 'trino' }, 'AURUM_QUERIES=trino needs AURUM_TRINO_URL'],
    [TRINO, 'AURUM_QUERIES=trino needs AURUM_NESSIE_URL'],
    [{ AURUM_VAULT_ROLE_ID: 'r' }, 'AURUM_VAULT_ROLE_ID needs AURUM_VAULT_SECRET_ID'],
    [
      { ...LEASED, AURUM_POSTGRES_URL: 'postgres://db/aurum' },
      'AURUM_VAULT_DATABASE_ROLE needs AURUM_VAULT_TOKEN or AURUM_VAULT_ROLE_ID',
    ],
    [{ ...LEASED, AURUM_VAULT_TOKEN: 't' }, 'AURUM_VAULT_DATABASE_ROLE needs AURUM_POSTGRES_URL'],
    [{ AURUM_AUTH: 'oidc' }, 'AURUM_AUTH=oidc needs AURUM_OIDC_ISSUER'],
  ])('%j', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(
      expect.objectContaining({ kind: 'refused', code: 'setting_missing', message }),
    );
  });

  test('needs it only when it is in use', () => {
    expect(readConfig({ AURUM_QUERIES: 'columnar' }).AURUM_QUERIES).toBe('columnar');
  });
});

test('what a process cannot do without is asked for', () => {
  expect(() => readConfig({}, ['AURUM_FUNCTION'])).toThrow(
    expect.objectContaining({ code: 'setting_missing', place: { field: 'AURUM_FUNCTION' } }),
  );
  expect(readConfig({ AURUM_FUNCTION: 'api' }, ['AURUM_FUNCTION']).AURUM_FUNCTION).toBe('api');
});

test('all that is wrong is said at once, each by its name', () => {
  const environment = {
    AURUM_S3_PORT: '0',
    AURUM_QUERIES: 'trino',
    AURUM_KAFKA_BROKERS: 'kafka:9092',
  };
  expect(() => readConfig(environment, ['AURUM_FUNCTION'])).toThrow(
    expect.objectContaining({
      code: 'setting_invalid',
      message: expect.stringMatching(
        /AURUM_S3_PORT.*AURUM_FUNCTION.*AURUM_SCHEMA_REGISTRY_URL.*AURUM_TRINO_URL.*AURUM_NESSIE_URL/,
      ),
    }),
  );
});
