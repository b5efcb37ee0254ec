import { expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { checkDeadlines, overdueDay } from '#lib/flows/check-deadlines.ts';
import type { Tables } from '#lib/ports/tables.ts';
import { release } from '#tests/fixtures/release.ts';

const delivery = { vendor: 'eugp', deadline: '18:00', time_zone: 'America/New_York' };

test('the deadline passes in the zone of the delivery, daylight saving included', () => {
  expect(overdueDay(delivery, '2025-09-12T21:59:00.000Z')).toBeUndefined();
  expect(overdueDay(delivery, '2025-09-12T22:00:00.000Z')).toBe('2025-09-12');
  expect(overdueDay(delivery, '2025-12-12T22:00:00.000Z')).toBeUndefined();
  expect(overdueDay(delivery, '2025-12-12T23:00:00.000Z')).toBe('2025-12-12');
});

test('nothing is due at the weekend', () => {
  expect(overdueDay(delivery, '2025-09-13T23:00:00.000Z')).toBeUndefined();
  expect(overdueDay(delivery, '2025-09-14T23:00:00.000Z')).toBeUndefined();
});

function ports(released: readonly ReturnType<typeof release>[]) {
  return {
    tables: { releases: async () => released } as Pick<Tables, 'releases'> as Tables,
    operations: {
      expectDelivery: async () => {},
      expectedDeliveries: async () => [delivery],
      recordInstruments: async () => {},
      advanceWatermark: async () => {},
    },
    bus: memoryEventBus(),
    clock: { now: () => '2025-09-12T22:30:00.000Z' },
    alertTopic,
  };
}

test('a workbook absent after its deadline raises one alert, however often it is checked', async () => {
  const absent = ports([]);
  await checkDeadlines(absent);
  await checkDeadlines(absent);
  const alerts: string[] = [];
  for await (const { value } of absent.bus.read(alertTopic)) alerts.push(value.alert_id);
  expect(alerts).toEqual(['workbook_missing:eugp:2025-09-12']);
});

test('a workbook released in time raises none', async () => {
  const present = ports([release({ version: '20250912-0000000000000001' })]);
  expect(await checkDeadlines(present)).toEqual([]);
  for await (const { value } of present.bus.read(alertTopic)) throw new Error(value.alert_id);
});
