/** Notifications that were lost: one pass of the sweep drives every workbook on from where it stands. */
import { expect, test } from 'vitest';
import { curveObservationTopic } from '#events/curve-observation.ts';
import type { ObjectCreated } from '#events/object-created.ts';
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { type SweepReport, sweep } from '#lib/flows/sweep.ts';
import { BUCKET, type ChainPorts, chainPorts, FIXED_NOW, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const LATER_MS = Date.parse(FIXED_NOW) + 3_600_000;

function runSweep(ports: ChainPorts, now_ms = LATER_MS): Promise<SweepReport> {
  const event = (key: string, etag: string): ObjectCreated => ({
    bucket: BUCKET,
    key,
    etag,
    version_id: undefined,
    sequencer: undefined,
    event_time: FIXED_NOW,
  });
  return sweep({
    ...ports,
    grace_ms: 60_000,
    now_ms,
    stages: {
      ingest: ({ key, etag }) => ingestWorkbook(event(key, etag), ports),
      gate: (version) => gateWorkbook(version, ports),
      release: (version) => releaseWorkbook(version, ports),
      decisions: (version) => applyDecisions(version, ports),
      publish: (version) => publishWorkbook(version, ports),
    },
  });
}

async function publishedVersions(ports: ChainPorts): Promise<number> {
  const versions = new Set<string>();
  for await (const { value } of ports.bus.read(curveObservationTopic)) versions.add(value.source_file);
  return versions.size;
}

/** Days of one workbook each. */
function days(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.UTC(2025, 0, 1 + index)).toISOString().slice(0, 10),
  );
}

test('of many uploads with every twentieth notification lost, one pass finds all', async () => {
  const ports = chainPorts({ expected_vendors: ['pw'] });
  const all = days(60);
  const lost: string[] = [];
  for (const [index, day] of all.entries()) {
    const { file, bytes } = await sampleFile('pw', day);
    const event = await upload(ports, file, day, bytes);
    if (index % 20 === 7) lost.push(event.key);
    else await runChain(ports, event);
  }
  const report = await runSweep(ports);
  expect(report.ingested).toEqual(lost);
  expect(await publishedVersions(ports)).toBe(all.length);
  expect((await ports.tables.releases('main')).length).toBe(all.length);
  expect(await runSweep(ports)).toMatchObject({ ingested: [], gated: [], released: [], published: [] });
}, 60_000);

test.each(['gate', 'release', 'publish'])('a notification lost before %s is found', async (missing) => {
  const ports = chainPorts({ expected_vendors: ['pw'] });
  const { file, bytes } = await sampleFile('pw', '2025-09-12');
  const event = await upload(ports, file, '2025-09-12', bytes);
  const ingested = await ingestWorkbook(event, ports);
  if (ingested.outcome !== 'staged') throw new Error(ingested.outcome);
  if (missing !== 'gate') await gateWorkbook(ingested.version, ports);
  if (missing === 'publish') await releaseWorkbook(ingested.version, ports);
  await runSweep(ports);
  expect(await publishedVersions(ports)).toBe(1);
});

test('a red and a refused workbook are left as they are', async () => {
  const ports = chainPorts({ expected_vendors: ['pw'] });
  const red = await sampleFile('pw', '2025-09-12', { corrupt: 'crossed-bid-ask' });
  await runChain(ports, await upload(ports, red.file, red.asof_date, red.bytes));
  await runChain(
    ports,
    await upload(ports, 'EOD_PW_20250911_1430.xlsx', '2025-09-11', new TextEncoder().encode('no workbook')),
  );
  expect(await runSweep(ports)).toMatchObject({ ingested: [], gated: [], released: [], published: [] });
});

test('an upload younger than the grace is left to its own event', async () => {
  const ports = chainPorts({ expected_vendors: ['pw'] });
  const { file, bytes } = await sampleFile('pw', '2025-09-12');
  await upload(ports, file, '2025-09-12', bytes);
  expect((await runSweep(ports, Date.parse(FIXED_NOW) + 1_000)).ingested).toEqual([]);
  expect((await runSweep(ports)).ingested).toHaveLength(1);
});

test('a correction found by the sweep is newer than the notified original, and older than a later one', async () => {
  const ports = chainPorts({ expected_vendors: ['pw'] });
  const original = await sampleFile('pw', '2025-09-12');
  const nanoseconds = (ms: number) =>
    (BigInt(ms) * 1_000_000n + 123_456n).toString(16).toUpperCase().padStart(16, '0');
  const before = nanoseconds(Date.parse(FIXED_NOW) - 1_000);
  await runChain(ports, await upload(ports, original.file, '2025-09-12', original.bytes, before));
  const correction = await sampleFile('pw', '2025-09-12', { seed: 2 });
  await upload(ports, correction.file, '2025-09-12', correction.bytes);
  await runSweep(ports);
  const [first, second] = await ports.tables.releases('main');
  expect(second!.sequence > first!.sequence).toBe(true);
  expect(nanoseconds(Date.parse(FIXED_NOW) + 1_000) > second!.sequence).toBe(true);
});
