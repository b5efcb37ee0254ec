/** Publishes 600 readings (once) and drains them, noting each in a file; killed at one of them. Arguments: folder, n. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertTopic } from '#events/alert.ts';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';

const [dir, kill_at] = process.argv.slice(2) as [string, string];
const bus = logEventBus({ dir });
const alerts = Array.from({ length: 600 }, (_, index) => ({
  alert_id: String(index),
  raised_at: '2025-09-12T21:30:00.000Z',
  severity: 'info' as const,
  code: 'test',
  message: 'test',
  source: 'test',
}));
await bus.publish(alertTopic, 'many', alerts);
const delivered = await bus.drain(alertTopic, 'desk', async ({ value }) => {
  appendFileSync(join(dir, 'seen'), `${value.alert_id}\n`);
  if (value.alert_id === kill_at) process.kill(process.pid, 'SIGKILL');
});
process.stdout.write(`${delivered}\n`);
