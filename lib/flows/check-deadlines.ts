/** A workbook expected by its deadline and absent raises `workbook_missing`, once per vendor and market day. */
import type { Alert } from '#events/alert.ts';
import type { Topic } from '#events/topic.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ExpectedDelivery, Operations } from '#lib/ports/operations.ts';
import type { Tables } from '#lib/ports/tables.ts';

export interface DeadlinePorts {
  readonly tables: Tables;
  readonly operations: Operations;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly alertTopic: Topic<Alert>;
}

/** @returns alert ids raised or already raised for today. */
export async function checkDeadlines(ports: DeadlinePorts): Promise<string[]> {
  const now = ports.clock.now();
  const releases = await ports.tables.releases('main');
  const missing: string[] = [];
  for (const delivery of await ports.operations.expectedDeliveries()) {
    const asof_date = overdueDay(delivery, now);
    if (asof_date === undefined) continue;
    if (releases.some((release) => release.vendor === delivery.vendor && release.asof_date === asof_date))
      continue;
    const alert_id = `workbook_missing:${delivery.vendor}:${asof_date}`;
    const message = `No ${delivery.vendor} workbook of ${asof_date} was released by ${delivery.deadline} ${delivery.time_zone}`;
    const alert: Alert = {
      alert_id,
      raised_at: now,
      severity: 'critical',
      code: 'workbook_missing',
      message,
      source: `raw/vendor_curves/${asof_date}/`,
    };
    await ports.bus.publish(ports.alertTopic, alert_id, [alert]);
    missing.push(alert_id);
  }
  return missing;
}

/** The market day whose deadline has passed today in the delivery's own zone; none at weekends or before the deadline. */
export function overdueDay({ deadline, time_zone }: ExpectedDelivery, now: string): string | undefined {
  const local = new Intl.DateTimeFormat('sv-SE', {
    timeZone: time_zone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(new Date(now));
  const [day, time] = local.split(' ') as [string, string];
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6 || time < deadline ? undefined : day;
}
