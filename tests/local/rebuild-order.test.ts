/** The order of uploads after a rebuild, where the listing alone does not tell it. */
import { hash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { requireJson } from '#lib/flows/json-objects.ts';
import { rebuild } from '#lib/flows/rebuild.ts';
import { digest } from '#lib/flows/rebuild-digest.ts';
import { parseReport } from '#schemas/stages.ts';
import { runChain, upload } from '#tests/fixtures/chain.ts';
import { ALL, copyOf, DAY, portsOf, type SitePorts, sequencerOf } from '#tests/fixtures/rebuild-site.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const AT = '2025-09-12T21:30:00.000Z';
const now = () => new Date(AT);
/** Three workbooks of one slot in one millisecond; their names, and so the listing, in another order than they came. */
async function threeAtOnce() {
  let known_ms = Date.parse(AT);
  const clock = () => new Date(++known_ms).toISOString();
  const ports = portsOf({ objects: memoryObjectStore({ now }), now: clock });
  for (const [at, name] of ['1600', '1500', '1430'].entries()) {
    const { bytes } = await sampleFile('pw', DAY, { seed: at });
    const file = `EOD_PW_20250912_${name}.xlsx`;
    await runChain(ports, await upload(ports, file, DAY, bytes, sequencerOf(AT, at * 1_000 + 5)));
  }
  return ports;
}

describe('uploads of one slot in one millisecond', () => {
  let arrived: SitePorts;
  beforeAll(async () => {
    arrived = await threeAtOnce();
  });

  test.each([
    ['staged reports', ['raw/', 'staged/']],
    ['release intents', ['raw/', 'releasing/']],
    ['release records', ['raw/', 'released/']],
  ])('come back in the order they came where %s are left', async (_, prefixes) => {
    const before = await digest(arrived);
    const ports = portsOf({ objects: await copyOf(arrived.objects, prefixes) });
    const { digest: after } = await rebuild(ALL, ports);
    expect(after.content).toBe(before.content);
    const sequences = async ({ tables }: typeof ports) =>
      (await tables.releases('main')).map(({ version, sequence }) => `${version} ${sequence}`).sort();
    expect(await sequences(ports)).toEqual(await sequences(arrived));
  });

  test('come back in the order they came where main still has them', async () => {
    const origin = await threeAtOnce();
    const before = await digest(origin);
    for (const prefix of ['staged/', 'releasing/', 'released/'])
      for await (const { key } of origin.objects.list(prefix)) await origin.objects.delete(key);
    const { digest: after } = await rebuild({ scope: 'all', force: true }, origin);
    expect(after).toEqual(before);
    for (const { version, sequence } of await origin.tables.releases('main')) {
      const report = await requireJson(origin.objects, `staged/${version}/report.json`, parseReport);
      expect(report.source.sequence).toBe(sequence);
    }
  });

  test('of one key keep their order also when nothing is left but them', async () => {
    const ports = portsOf({ objects: memoryObjectStore({ now }) });
    for (const seed of [1, 2, 3]) {
      const { file, bytes } = await sampleFile('pw', DAY, { seed });
      await ports.objects.put(`raw/vendor_curves/${DAY}/${file}`, bytes);
    }
    await rebuild(ALL, ports);
    const shas = (await ports.tables.releases('main')).toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1));
    const { bytes } = await sampleFile('pw', DAY, { seed: 3 });
    expect(shas.at(-1)?.source_sha256).toBe(hash('sha256', bytes, 'hex'));
  });

  test('one of which nothing is left comes after the older version of its key', async () => {
    const origin = await threeAtOnce();
    const { bytes } = await sampleFile('pw', DAY, { seed: 9 });
    // Its notification never came, and the sequencer of the one before is later than what the listing shows.
    await upload(origin, 'EOD_PW_20250912_1430.xlsx', DAY, bytes);
    const ports = portsOf({ objects: await copyOf(origin.objects, ['raw/', 'releasing/']) });
    await rebuild(ALL, ports);
    const releases = (await ports.tables.releases('main')).toSorted((a, b) =>
      a.sequence < b.sequence ? -1 : 1,
    );
    expect(releases).toHaveLength(4);
    expect(releases.at(-1)?.source_sha256).toBe(hash('sha256', bytes, 'hex'));
  });
});
