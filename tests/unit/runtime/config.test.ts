import { expect, test } from 'vitest';
import { readConfig } from '#lib/runtime/config.ts';

test('an empty environment gives the local defaults', () => {
  const config = readConfig({});
  expect(config.AURUM_S3_ENDPOINT).toBe('http://127.0.0.1:9000');
  expect(config.AURUM_EXPECTED_VENDORS).toEqual(['pw', 'eugp', 'rp']);
});

test('the endpoint follows the gateway port unless it is set', () => {
  expect(readConfig({ AURUM_S3_PORT: '9100' }).AURUM_S3_ENDPOINT).toBe('http://127.0.0.1:9100');
  expect(
    readConfig({ AURUM_S3_PORT: '9100', AURUM_S3_ENDPOINT: 'http://minio:9000' }).AURUM_S3_ENDPOINT,
  ).toBe('http://minio:9000');
});

test('a wrong setting is refused by name with what to do', () => {
  expect(() => readConfig({ AURUM_HTTP_PORT: 'many' })).toThrow(
    expect.objectContaining({
      code: 'setting_invalid',
      place: { field: 'AURUM_HTTP_PORT' },
      message: expect.stringContaining('AURUM_HTTP_PORT'),
    }),
  );
});
