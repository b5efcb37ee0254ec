/** Every five minutes: a workbook that is due and absent raises an alert. */
import { checkDeadlines } from '#lib/flows/check-deadlines.ts';
import { onSchedule } from '#lib/runtime/hosts/schedule.ts';
import { every } from '#lib/runtime/triggers.ts';

export const trigger = every('5 minutes');

export const handler = onSchedule('check-deadlines', async (ports) => {
  for (const delivery of ports.config.AURUM_DEADLINES) await ports.operations.expectDelivery(delivery);
  return checkDeadlines(ports);
});
