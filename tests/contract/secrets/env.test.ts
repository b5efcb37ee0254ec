import { describe, expect, test } from 'vitest';
import { envSecrets } from '#lib/adapters/secrets/env.ts';
import { secretsCases } from './cases.ts';

describe('secrets from the environment', () => {
  const environment: Record<string, string> = {};
  secretsCases(
    () => envSecrets(environment),
    async (source, key, value) => {
      environment[`${source}_${key}`.toUpperCase().replaceAll('-', '_')] = value;
    },
  );

  test('eia, api_key is EIA_API_KEY; a variable set to nothing is not set', async () => {
    const secrets = envSecrets({ EIA_API_KEY: 'k', NOAA_TOKEN: '' });
    expect(await secrets.get('eia', 'api_key')).toBe('k');
    expect(await secrets.get('noaa', 'token')).toBeUndefined();
  });
});
