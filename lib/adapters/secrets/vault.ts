/** Secrets in Vault's KV engine, version 2. Writing changes the keys it is given and keeps the others, whoever else writes. */
import { z } from 'zod';
import { AurumError, busy } from '#lib/domain/errors.ts';
import type { Secrets } from '#lib/ports/secrets.ts';
import { parsed, type VaultAnswer, type VaultClient } from './vault-client.ts';

/** Where the keys of the sources are. */
const SOURCES_PATH = 'secret/data/aurum';

export interface KeyValues {
  /** The keys of a secret, by its full path `secret/data/aurum/eia`; undefined when there is no such secret. */
  read(path: string): Promise<ReadonlyMap<string, string> | undefined>;
  write(path: string, values: Readonly<Record<string, string>>): Promise<void>;
}

/** Others write at the same time; each round one of them succeeds. */
const WRITE_ATTEMPTS = 20;

/** Of a deleted secret the data is null and the version stays. */
const secret = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()).nullable(),
    metadata: z.object({ version: z.int() }),
  }),
});

export function vaultSecrets(vault: VaultClient): Secrets {
  const { read } = vaultKeyValues(vault);
  return {
    get: async (source, key) => (await read(`${SOURCES_PATH}/${source}`))?.get(key),
    close: vault.close,
  };
}

export function vaultKeyValues(vault: VaultClient): KeyValues {
  const current = async (path: string) => {
    const answer = await vault.ask('GET', path);
    if (isAbsent(answer)) return { version: 0, values: undefined };
    const { data } = parsed(secret, path, answer);
    return { version: data.metadata.version, values: data.data ?? undefined };
  };
  return {
    async read(path) {
      const { values } = await current(path);
      return values && new Map(Object.entries(values).map(([key, value]) => [key, asText(value)]));
    },
    async write(path, values) {
      for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt++) {
        const { version, values: kept } = await current(path);
        const body = { options: { cas: version }, data: { ...kept, ...values } };
        if (await written(vault, path, body)) return;
      }
      throw busy('vault_secret_contended', `${path} changed ${WRITE_ATTEMPTS} times while we wrote to it`);
    },
  };
}

/** False when somebody else has written since. */
async function written(vault: VaultClient, path: string, body: object): Promise<boolean> {
  try {
    const { status } = await vault.ask('POST', path, body);
    if (status !== 404) return true;
  } catch (error) {
    if (error instanceof AurumError && error.message.includes('check-and-set')) return false;
    throw error;
  }
  throw new AurumError('fault', 'vault_engine_missing', `Vault has no KV engine for ${path}`, {
    remedy: `Enable KV version 2 at ${path.split('/')[0]}/.`,
  });
}

function isAbsent({ status, body }: VaultAnswer): boolean {
  return status === 404 && !secret.safeParse(body).success;
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
