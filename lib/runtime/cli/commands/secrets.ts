/** `aurum secrets`: carries secrets between environment variables and Vault. Only `pull` shows a value, and only on stdout. */
import { parseEnv } from 'node:util';
import { type KeyValues, vaultKeyValues } from '#lib/adapters/secrets/vault.ts';
import { vaultClient } from '#lib/adapters/secrets/vault-client.ts';
import { refusal } from '#lib/domain/errors.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { type Command, type CommandArguments, type CommandIo, usageError } from '../command.ts';
import { readInput } from '../files.ts';
import { counted } from '../text.ts';

/** An environment variable and where its value is in Vault. */
interface Mapping {
  readonly variable: string;
  readonly path: string;
  readonly key: string;
}

/** `EIA_API_KEY=secret/data/aurum/eia:api_key`; version 2 of the KV engine has `data` after its mount. */
const MAPPING = /^([A-Za-z_]\w*)=([\w-]+(?:\/[\w-]+)*\/data(?:\/[\w-][\w.-]*)+):([\w.-]+)$/;

export const command: Command = {
  name: 'secrets',
  summary: 'carry secrets between environment variables and Vault',
  usage:
    'secrets push --mapping ENV=secret/data/aurum/SOURCE:KEY [ENV=..] [--env-file FILE]\n       aurum secrets pull --mapping ENV=secret/data/aurum/SOURCE:KEY [ENV=..]',
  details: [
    'push writes the variables to Vault and keeps the other keys of a secret. pull prints ENV=value lines, quoted for a shell:',
    '  set -a; eval "$(aurum secrets pull --mapping EIA_API_KEY=secret/data/aurum/eia:api_key)"; set +a',
    'Vault is where AURUM_VAULT_ADDR says, the login is AURUM_VAULT_TOKEN, or AURUM_VAULT_ROLE_ID with AURUM_VAULT_SECRET_ID;',
    'AURUM_VAULT_NAMESPACE where there is one.',
  ].join('\n'),
  options: {
    mapping: {
      value: 'MAPPING',
      description: 'variable and secret; more of them follow, apart by blanks or commas',
    },
    'env-file': { value: 'FILE', description: 'push: read variables from this file before the environment' },
  },
  run: async (given, io) => {
    const [action, ...more] = given.positionals;
    if (action !== 'push' && action !== 'pull') {
      throw usageError('action_unknown', 'say `push` or `pull`', 'secrets');
    }
    const mappings = mappingsOf([given.options.mapping ?? '', ...more]);
    const vault = vaultClient(await loginOf(io.environment));
    try {
      await (action === 'push' ? push : pull)(mappings, vaultKeyValues(vault), given, io);
    } finally {
      await vault.close();
    }
    return undefined;
  },
};

async function push(
  mappings: readonly Mapping[],
  secrets: KeyValues,
  given: CommandArguments,
  io: CommandIo,
): Promise<void> {
  const file = given.options['env-file'];
  const named = file === undefined ? {} : parseEnv(Buffer.from(await readInput(file)).toString());
  const byPath = new Map<string, Record<string, string>>();
  for (const { variable, path, key } of mappings) {
    const value = named[variable] || io.environment[variable];
    if (!value) {
      throw refusal('variable_missing', `${variable} is not set; nothing was pushed`, {
        remedy: file === undefined ? 'Set it, or name a file with --env-file.' : `Add it to ${file}.`,
      });
    }
    byPath.set(path, { ...byPath.get(path), [key]: value });
  }
  for (const [path, values] of byPath) {
    await secrets.write(path, values);
    io.tell(`${path}: ${counted(Object.keys(values).length, 'key')} written\n`);
  }
}

/** All of them or none: half a configuration is worse than none. */
async function pull(
  mappings: readonly Mapping[],
  secrets: KeyValues,
  _given: CommandArguments,
  io: CommandIo,
): Promise<void> {
  const lines: string[] = [];
  for (const { variable, path, key } of mappings) {
    const value = (await secrets.read(path))?.get(key);
    if (value === undefined) {
      throw refusal('secret_missing', `there is no ${key} in ${path}`, {
        remedy: `Push it: aurum secrets push --mapping ${variable}=${path}:${key}`,
      });
    }
    lines.push(`${variable}=${shellWord(variable, value)}\n`);
  }
  await io.out(lines.join(''));
}

/** One word of a POSIX shell whatever it holds: nothing is special between single quotes but the quote itself. */
function shellWord(variable: string, value: string): string {
  if (value.includes('\0')) throw refusal('secret_unfit', `the value for ${variable} holds a NUL byte`);
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

function mappingsOf(texts: readonly string[]): readonly Mapping[] {
  const mappings = texts
    .flatMap((text) => text.split(/[,\s]+/))
    .filter(Boolean)
    .map((text) => {
      const [, variable, path, key] = MAPPING.exec(text) ?? [];
      if (variable === undefined || path === undefined || key === undefined) {
        throw usageError('mapping_invalid', `"${text}" is not ENV=secret/data/aurum/SOURCE:KEY`, 'secrets');
      }
      return { variable, path, key };
    });
  if (mappings.length === 0) throw usageError('option_missing', '--mapping is needed', 'secrets');
  return mappings;
}

async function loginOf(environment: CommandIo['environment']) {
  const { vaultOptions } = await import('#lib/runtime/compose.ts');
  const options = vaultOptions(readConfig(environment, ['AURUM_VAULT_ADDR']));
  if (options !== undefined) return options;
  throw refusal('setting_missing', 'there is no login for Vault', {
    remedy: 'Set AURUM_VAULT_TOKEN, or AURUM_VAULT_ROLE_ID and AURUM_VAULT_SECRET_ID.',
  });
}
