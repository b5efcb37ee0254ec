/**
 * R12: the records by which a delivery is known again are lost (ingest log, counted tries, caches, markers, what stages
 * left), then every event is delivered again: still exactly one effect.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { account } from './account.ts';
import { eventsOf, startEventing, upload } from './eventing.ts';
import type { ChaosPorts } from './ports.ts';
import { onSite, scenario } from './scenario.ts';
import type { Site } from './site.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

interface Loss {
  readonly name: string;
  readonly lose: (site: Site, ports: ChaosPorts, workbook: ChaosWorkbook) => Promise<unknown>;
}

const objectsLost = (name: string, ...prefixes: ((version: string) => string)[]): Loss => ({
  name,
  lose: async (_site, { objects }, { version }) => {
    for (const prefix of prefixes)
      for await (const { key } of objects.list(prefix(version))) await objects.delete(key);
  },
});

const staged = (version: string) => `staged/${version}/`;
const gated = (version: string) => `gated/${version}/`;
const releasing = (version: string) => `releasing/${version}.json`;
const released = (version: string) => `released/${version}.json`;

const LOSSES: readonly Loss[] = [
  {
    name: 'ingest log',
    lose: (site, _ports, { version }) =>
      site.asOwner(`DELETE FROM file_ingest_log WHERE version = '${version}'`),
  },
  {
    name: 'instruments and watermarks',
    lose: async (site) => {
      await site.asOwner('DELETE FROM instrument');
      await site.asOwner('DELETE FROM ingest_watermark');
    },
  },
  objectsLost('tries', () => 'tries/'),
  objectsLost('release record', released),
  objectsLost('release record and intent', released, releasing),
  objectsLost('gate result', gated, released),
  objectsLost('report', (version) => `staged/${version}/report.json`),
  objectsLost('all that stages left', staged, gated, releasing, released),
  {
    name: 'all of the lake but its history',
    lose: async (_site, { objects }, { version, day }) => {
      for await (const { key } of objects.list('lake/'))
        if (!/^lake\/(refs|commits)\//.test(key) && (key.includes(version) || key.includes(day)))
          await objects.delete(key);
      await objects.delete(released(version));
    },
  },
  {
    name: 'caches',
    lose: async ({ settings }) =>
      rmSync(join(settings.home, `cache-${process.pid}`), { recursive: true, force: true }),
  },
];

export const r12 = scenario(
  { id: 'R12', what: 'cache and idempotency records lost' },
  onSite(async ({ site, size }) => {
    const count = size(100, 20);
    const first = await startEventing(site.open);
    const delivered = [];
    for (const day of marketDays(count)) {
      const workbook = await smallWorkbook(day);
      const event = await upload(first.ports, workbook);
      first.emit(event);
      delivered.push({ workbook, event });
    }
    await first.idle();

    // A process that remembers nothing, too.
    const second = await startEventing(site.open);
    for (const [index, { workbook, event }] of delivered.entries()) {
      const loss = LOSSES[index % LOSSES.length]!;
      const events = await eventsOf(second.ports, event, workbook.version);
      await loss.lose(site, second.ports, workbook);
      for (const one of [...events, event]) second.emit(one);
    }
    await second.idle();
    const found = await account(site, { released: delivered.map(({ workbook }) => workbook) });
    const instruments = await site.asOwner('SELECT curve_key FROM instrument');
    if (instruments.length === 0) found.lost.push('instruments');
    const tags = await second.ports.lake.tags('');
    for (const { workbook } of delivered)
      if (!tags.has(`release-${workbook.day}`)) found.lost.push(`tag of ${workbook.day} in the lake`);
    return {
      ...found,
      tried: `${count} losses of ${LOSSES.length} kinds`,
      note: LOSSES.map(({ name }) => name).join(', '),
    };
  }),
);
