/** The chain over in-memory stores: what is served, published and kept after good, bad, repeated and racing deliveries. */
import { expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import type { Topic } from '#events/topic.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { queryStrips } from '#lib/flows/query-strips.ts';
import { releasedRecord } from '#lib/flows/release-curves.ts';
import { quarantined } from '#lib/flows/run-gate.ts';
import { curveQuery, stripQuery } from '#schemas/curve-query.ts';
import { type ChainPorts, chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const DAY = '2025-09-12';
const ask = (ports: ChainPorts, query: Record<string, string>) =>
  queryCurves(curveQuery.parse({ limit: '10000', ...query }), ports, { entitlements: 'all' });
/** Every record of a topic. */
async function records<T>(ports: ChainPorts, topic: Topic<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const { value } of ports.bus.read(topic)) values.push(value);
  return values;
}

const published = (ports: ChainPorts) => records(ports, curveObservationTopic);

async function deliver(
  ports: ChainPorts,
  vendor: string,
  options: Parameters<typeof sampleFile>[2] & { day?: string; sequencer?: string } = {},
) {
  const { day = DAY, sequencer, ...sample } = options;
  const { file, bytes } = await sampleFile(vendor, day, sample);
  const event = await upload(ports, file, day, bytes, sequencer);
  return { event, version: await runChain(ports, event) };
}

test('a dropped workbook is served, published once and versioned', async () => {
  const ports = chainPorts();
  const { version } = await deliver(ports, 'pw');
  const answer = await ask(ports, {
    asset_class: 'power',
    iso: 'PJM',
    market: 'West',
    block: 'ON_PEAK',
    asof: DAY,
    tenor_type: 'MONTHLY',
  });
  expect(answer.meta.releases).toMatchObject([{ vendor: 'pw', asof_date: DAY, version }]);
  expect(answer.data.length).toBeGreaterThanOrEqual(60);
  const everything = await ask(ports, { asof: DAY });
  expect((await published(ports)).sort(bySource)).toEqual([...everything.data].sort(bySource));
});

const bySource = (a: { source_cell?: string }, b: { source_cell?: string }) =>
  a.source_cell! < b.source_cell! ? -1 : 1;

test('the day is tagged when every expected vendor is released, and a correction adds .2', async () => {
  const ports = chainPorts({ expected_vendors: ['pw', 'eugp'] });
  const first = await deliver(ports, 'pw', { sequencer: '01' });
  expect((await releasedRecord(ports.objects, first.version!))?.tag).toBeNull();
  const second = await deliver(ports, 'eugp', { sequencer: '02' });
  expect((await releasedRecord(ports.objects, second.version!))?.tag).toBe(`release-${DAY}`);
  const correction = await deliver(ports, 'pw', { seed: 2, sequencer: '03' });
  expect((await releasedRecord(ports.objects, correction.version!))?.tag).toBe(`release-${DAY}.2`);
  expect([...(await ports.lake.tags('release-')).keys()].sort()).toEqual([
    `release-${DAY}`,
    `release-${DAY}.2`,
  ]);
  expect((await ports.tables.tags('release-')).map(({ ref }) => ref).sort()).toEqual([
    `release-${DAY}`,
    `release-${DAY}.2`,
  ]);
});

test('a correction is served, the old version stays readable, and as_known_at answers as before it', async () => {
  let now = '2025-09-12T21:30:00.000Z';
  const ports = chainPorts({ now: () => now });
  const first = await deliver(ports, 'pw', { sequencer: '01' });
  const before = await ask(ports, { asof: DAY });
  now = '2025-09-13T08:00:00.000Z';
  const second = await deliver(ports, 'pw', { seed: 2, sequencer: '02' });
  const after = await ask(ports, { asof: DAY });
  expect(after.meta.releases[0]?.version).toBe(second.version);
  expect(after.data).not.toEqual(before.data);
  expect((await ask(ports, { asof: DAY, as_known_at: '2025-09-12T23:00:00Z' })).data).toEqual(before.data);
  expect((await ask(ports, { version: first.version! })).data).toEqual(before.data);
});

test('uploads of one key, shuffled and repeated, end with the newest served', async () => {
  const ports = chainPorts();
  const events = [];
  for (const seed of [1, 2, 3]) {
    const { file, bytes } = await sampleFile('pw', DAY, { seed });
    const key = `raw/vendor_curves/${DAY}/${file}`;
    const event = await upload(ports, file, DAY, bytes, `0${seed}`);
    events.push({ seed, key, event, bytes });
  }
  const versions = new Map<number, string>();
  for (const index of [2, 0, 1, 2, 1, 0, 0, 2]) {
    const { seed, key, event, bytes } = events[index]!;
    await ports.objects.put(key, bytes); // the version the event names, as a versioned bucket would give it
    versions.set(seed, (await runChain(ports, event))!);
  }
  const current = await ask(ports, { asof: DAY });
  expect(current.meta.releases.map(({ version }) => version)).toEqual([versions.get(3)]);
  for (const version of versions.values())
    expect((await ask(ports, { version })).data.length).toBe(current.data.length);
  expect((await published(ports)).length).toBe(3 * current.data.length);
});

test('a thousand deliveries of one event give one version, one commit and one record per row', async () => {
  const ports = chainPorts();
  const { event, version } = await deliver(ports, 'pw');
  const main = await ports.tables.head('main');
  const rows = (await published(ports)).length;
  for (let batch = 0; batch < 10; batch++) {
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => runChain(ports, event)));
    expect(new Set(outcomes)).toEqual(new Set([version]));
  }
  expect(await ports.tables.head('main')).toEqual(main);
  expect((await published(ports)).length).toBe(rows);
  expect(await ports.tables.releases('main')).toHaveLength(1);
});

test('deliveries of one event at once, before anything is there, give one version too', async () => {
  const ports = chainPorts();
  const { file, bytes } = await sampleFile('pw', DAY);
  const event = await upload(ports, file, DAY, bytes);
  await Promise.all(Array.from({ length: 20 }, () => runChain(ports, event)));
  const releases = await ports.tables.releases('main');
  expect(releases).toHaveLength(1);
  expect((await published(ports)).length).toBe(releases[0]!.row_count);
});

test('workbooks of several days released at once lose nothing', async () => {
  const ports = chainPorts({ expected_vendors: ['pw'] });
  const days = ['2025-09-08', '2025-09-09', '2025-09-10', '2025-09-11', '2025-09-12'];
  await Promise.all(days.flatMap((day) => [deliver(ports, 'pw', { day }), deliver(ports, 'eugp', { day })]));
  const releases = await ports.tables.releases('main');
  expect(releases).toHaveLength(10);
  for (const asof of days) expect((await ask(ports, { asof })).data.length).toBeGreaterThan(0);
});

test.each(['crossed-bid-ask', 'bad-price', 'wrong-strip'] as const)(
  '%s: nothing of the workbook moves, one alert, the report names the cell',
  async (corrupt) => {
    const ports = chainPorts();
    const { event, version } = await deliver(ports, 'eugp', { corrupt });
    await runChain(ports, event);
    expect((await ask(ports, { asof: DAY })).data).toEqual([]);
    expect(await published(ports)).toEqual([]);
    expect(await ports.tables.releases('main')).toEqual([]);
    const alerts = await records(ports, alertTopic);
    expect(alerts.map(({ alert_id }) => alert_id)).toEqual([`gate_red:${version}`]);
    const report = await quarantined(ports.objects, version!);
    expect(report?.verdict).toBe('red');
    expect(JSON.stringify(report)).toMatch(/!D1\d|"D1\d"/);
    const [entry] = await ports.log.latest({ limit: 1 });
    expect(entry).toMatchObject({ stage: 'quarantined', status: 'red' });
  },
);

test('a poison file is in the dead-letter topic with its reason and the next workbook is not held up', async () => {
  const ports = chainPorts();
  const poison = await upload(
    ports,
    `EOD_PW_20250912_1430.xlsx`,
    DAY,
    new TextEncoder().encode('<html>sign in</html>'),
  );
  expect(await runChain(ports, poison)).toBeUndefined();
  await deliver(ports, 'eugp');
  const letters = await records(ports, ingestErrorTopic);
  expect(letters.map(({ code }) => code)).toEqual(['not_a_workbook']);
  expect(letters[0]?.remedy).not.toBeNull();
  expect((await ask(ports, { asof: DAY })).data.length).toBeGreaterThan(0);
});

test("an as-of of the path that is not the workbook's is refused", async () => {
  const ports = chainPorts();
  const { file, bytes } = await sampleFile('pw', DAY);
  expect(await runChain(ports, await upload(ports, file, '2025-09-11', bytes))).toBeUndefined();
  const [letter] = await records(ports, ingestErrorTopic);
  expect(letter?.code).toBe('asof_mismatch');
});

test('an object that changed before it was read is left to its own event', async () => {
  const ports = chainPorts();
  const { file, bytes } = await sampleFile('pw', DAY);
  const stale = await upload(ports, file, DAY, bytes);
  await upload(ports, file, DAY, (await sampleFile('pw', DAY, { seed: 2 })).bytes);
  expect(await runChain(ports, stale)).toBeUndefined();
  expect(await ports.log.latest({ limit: 10 })).toEqual([]);
});

test('pages follow one another without a gap, a cursor belongs to its query, and a release between pages does not show', async () => {
  const ports = chainPorts();
  await deliver(ports, 'pw', { sequencer: '01' });
  const whole = await ask(ports, { asof: DAY });
  const rows = [];
  let cursor: string | null | undefined;
  do {
    const page = await ask(ports, { asof: DAY, limit: '400', ...(cursor == null ? {} : { cursor }) });
    rows.push(...page.data);
    cursor = page.meta.next_cursor;
    if (rows.length === 400) await deliver(ports, 'pw', { seed: 2, sequencer: '02' });
  } while (cursor !== null);
  expect(rows).toEqual(whole.data);
  const first = await ask(ports, { asof: DAY, limit: '10' });
  await expect(ask(ports, { asof: DAY, iso: 'PJM', cursor: first.meta.next_cursor! })).rejects.toMatchObject({
    code: 'cursor_mismatch',
  });
  await expect(ask(ports, { asof: DAY, cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({
    code: 'cursor_invalid',
  });
});

test('latest is the newest released day of each curve', async () => {
  const ports = chainPorts();
  await deliver(ports, 'pw', { day: '2025-09-11' });
  await deliver(ports, 'eugp', { day: '2025-09-11' });
  await deliver(ports, 'pw', { day: DAY });
  const answer = await ask(ports, { block: 'ON_PEAK', iso: 'PJM', market: 'West', tenor_type: 'MONTHLY' });
  expect(new Set(answer.data.map(({ asof_date }) => asof_date))).toEqual(new Set([DAY]));
  const european = await ask(ports, { location: 'German', block: 'BASE' });
  expect(new Set(european.data.map(({ asof_date }) => asof_date))).toEqual(new Set(['2025-09-11']));
});

test("quoted and derived strips of one tenor agree within the vendor's rounding and say which they are", async () => {
  const ports = chainPorts();
  await deliver(ports, 'eugp');
  const answer = await queryStrips(
    stripQuery.parse({ asof: DAY, location: 'German', block: 'BASE', product: 'power', limit: '1000' }),
    ports,
    { entitlements: 'all' },
  );
  const derived = new Map(
    answer.data
      .filter(({ strip_source }) => strip_source === 'derived')
      .map((strip) => [strip.tenor_label, strip]),
  );
  const quoted = answer.data.filter(({ strip_source }) => strip_source === 'vendor');
  expect(quoted).toHaveLength(30);
  for (const strip of quoted) {
    expect(Math.abs(derived.get(strip.tenor_label)!.value - strip.value)).toBeLessThanOrEqual(0.0005 + 1e-9);
  }
  expect(derived.get('Q1 2026')?.source_cells).toHaveLength(3);
});
