/** Secrets from the environment, or from a `.env` file somebody else has read: `eia`, `api_key` is `EIA_API_KEY`. */
import type { Secrets } from '#lib/ports/secrets.ts';

export function envSecrets(environment: Readonly<Record<string, string | undefined>>): Secrets {
  return {
    async get(source, key) {
      const name = `${source}_${key}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
      return environment[name] || undefined;
    },
    async close() {},
  };
}
