/** The settings the command line reads besides those of the platform. */
import { type Config, readConfig } from '#lib/runtime/config.ts';

export interface CommandSettings extends Config {
  /** Where the API answers, without a slash at the end. */
  readonly api_url: string;
}

/** @throws AurumError naming each setting that is wrong. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): CommandSettings {
  const config = readConfig(environment);
  const api_url = environment.AURUM_API_URL || `http://127.0.0.1:${config.AURUM_HTTP_PORT}`;
  return { ...config, api_url: api_url.replace(/\/+$/, '') };
}
