/** A rebuild that is refused, interrupted, or cannot do all of it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { busy } from '#lib/domain/errors.ts';
import { rebuild } from '#lib/flows/rebuild.ts';
import { digest, type MainDigest } from '#lib/flows/rebuild-digest.ts';
import type { VersionedObjectStore } from '#lib/ports/object-store.ts';
import {
  ALL,
  copyOf,
  DAY,
  mismatches,
  portsOf,
  rebuildOrigin,
  type SitePorts,
} from '#tests/fixtures/rebuild-site.ts';

let origin: SitePorts;
let before: MainDigest;
beforeAll(async () => {
  ({ origin } = await rebuildOrigin());
  before = await digest(origin);
});

describe('what can go wrong', () => {
  test('a main that holds releases is refused; with force nothing of it changes', async () => {
    await expect(rebuild(ALL, origin)).rejects.toMatchObject({ kind: 'refused', code: 'main_exists' });
    const head = await origin.tables.head('main');
    const report = await rebuild({ scope: 'all', force: true }, origin);
    expect(report.digest).toEqual(before);
    expect(report.instants).toEqual({ kept: 3, new: 0 });
    expect(await origin.tables.head('main')).toEqual(head);
  });

  test('an interrupted rebuild goes on with force', async () => {
    const objects = await copyOf(origin.objects, ['raw/']);
    const bus = memoryEventBus();
    let left = 45;
    const failing: VersionedObjectStore = {
      ...objects,
      put: async (...args) => {
        if (left-- === 0) throw busy('object_store_unavailable', 'the store is away');
        return objects.put(...args);
      },
    };
    await expect(rebuild(ALL, portsOf({ objects: failing, bus }))).rejects.toMatchObject({ kind: 'busy' });
    const ports = portsOf({ objects, bus });
    const done = (await ports.tables.releases('main')).length;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(3);
    const report = await rebuild({ scope: 'all', force: true }, ports);
    expect(report.digest.content).toBe(before.content);
    expect(await mismatches(ports)).toEqual({});
  });

  test('a workbook that cannot be released is lost, by name, and the others are not', async () => {
    const ports = portsOf({ objects: await copyOf(origin.objects, ['raw/']) });
    const stageCurves: typeof ports.tables.stageCurves = async (table, version, at) => {
      if (table.source_file.includes('EUGP')) throw new Error('no space for it');
      return ports.tables.stageCurves(table, version, at);
    };
    const report = await rebuild(ALL, { ...ports, tables: { ...ports.tables, stageCurves } });
    expect(report).toMatchObject({ released: 2, red: 1, refused: 1 });
    expect(report.failed).toEqual([
      { what: expect.stringMatching(/^20250912-/), reason: 'Error: no space for it' },
    ]);
    expect(report.lost.map(({ key }) => key)).toEqual([
      `raw/vendor_curves/${DAY}/EOD_EUGP_20250912_1430.xlsx`,
    ]);
  });
});
