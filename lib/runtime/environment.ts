/**
 * Settings from a file into the environment: the one AURUM_ENV_FILE names (a secrets agent writes it; the distroless image
 * has no shell that could read it), else `.env` beside package.json. What is set already stays.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '#lib/domain/errors.ts';
import { readSetting } from './config.ts';

const DOT_ENV = join(import.meta.dirname, '../../.env');

/** @throws AurumError when the file that is named cannot be read. */
export function loadEnvironment(): void {
  const named = readSetting('AURUM_ENV_FILE');
  if (named === undefined && !existsSync(DOT_ENV)) return;
  const path = named ?? DOT_ENV;
  try {
    process.loadEnvFile(path);
  } catch (cause) {
    throw refusal('setting_invalid', `${path} cannot be read`, {
      field: 'AURUM_ENV_FILE',
      remedy: 'Let the secrets agent write it before the process starts, or leave the setting out.',
      cause,
    });
  }
}
