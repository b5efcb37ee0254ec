/** Every hour: the newest market day as Parquet for the house and each entitled tenant; once it is there, nothing. */
import { exportNewestDay } from '#lib/flows/daily-exports.ts';
import { onSchedule } from '#lib/runtime/hosts/schedule.ts';
import { signingKey } from '#lib/runtime/signing-key.ts';
import { every } from '#lib/runtime/triggers.ts';

export const trigger = every('1 hour');

export const handler = onSchedule('exports-daily', async (ports) => {
  const { AURUM_HOME: home, AURUM_EXPORT_SIGNING_KEY: file } = ports.config;
  return exportNewestDay({ ...ports, signing_key: await signingKey({ home, file }) });
});
