import { z } from 'zod';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { Topic } from './topic.ts';

export const alert = z.strictObject({
  /** Same condition, same id: an alert is raised once. */
  alert_id: z.string().min(1),
  raised_at: utcTimestamp,
  severity: z.enum(['critical', 'warning', 'info']),
  /** `gate_red`, `workbook_missing`, `notification_lost` ... */
  code: z.string().min(1),
  message: z.string().min(1),
  source: z.string().min(1).describe('Object key, version or feed it is about'),
});
export type Alert = z.infer<typeof alert>;

export const alertTopic: Topic<Alert> = {
  name: 'aurum.alert.v1',
  description: 'Operational and data-quality alerts',
  partitions: 1,
  schema: alert,
  key: (value) => value.source,
};
