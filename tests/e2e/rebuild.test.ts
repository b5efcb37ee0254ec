/** `aurum rebuild`: all but the raw area is wiped, and what is served afterwards is equal, bit for bit. */
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { memoryIngestLog } from '#lib/adapters/ingest-log/memory.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { lockFolder } from '#lib/adapters/sql/folder-lock.ts';
import { busy } from '#lib/domain/errors.ts';
import { describeRelease } from '#lib/flows/describe-release.ts';
import { digest, type MainDigest, planRebuild, type RebuildPorts, rebuild } from '#lib/flows/rebuild.ts';
import { verifyReleases } from '#lib/flows/verify-releases.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import type { VersionedObjectStore } from '#lib/ports/object-store.ts';
import type { Operations } from '#lib/ports/operations.ts';
import type { Command, CommandIo } from '#lib/runtime/cli/command.ts';
import { command as rebuildCommand } from '#lib/runtime/cli/commands/rebuild.ts';
import { command as verifyCommand } from '#lib/runtime/cli/commands/verify.ts';
import { tellError } from '#lib/runtime/cli/errors.ts';
import { BUCKET, type ChainPorts, chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { startS3Gateway } from '../../local/s3/gateway.ts';

const DAY = '2025-09-12';
const ALL = { scope: 'all', force: false } as const;

/** Instruments and watermarks as they were told. */
function memoryOperations() {
  const instruments = new Map<string, string>();
  const watermarks = new Map<string, string>();
  const operations: Operations = {
    recordInstruments: async (series) => {
      for (const one of series) instruments.set(one.curve_key, JSON.stringify(one));
    },
    advanceWatermark: async (source, _, timestamp) => {
      if (timestamp > (watermarks.get(source) ?? '')) watermarks.set(source, timestamp);
    },
    expectDelivery: async () => {},
    expectedDeliveries: async () => [],
  };
  return { operations, instruments, watermarks };
}

interface Stores {
  readonly objects: VersionedObjectStore;
  readonly bus?: EventBus;
  readonly log?: IngestLog;
  readonly operations?: Operations;
  readonly now?: () => string;
}

function portsOf({ objects, bus, log, operations, now }: Stores): RebuildPorts & ChainPorts {
  const chain = chainPorts({
    objects,
    bus: bus ?? memoryEventBus(),
    now: now ?? (() => '2026-01-01T00:00:00.000Z'),
    expected_vendors: ['pw'],
  });
  return {
    ...chain,
    objects,
    log: log ?? memoryIngestLog(),
    operations: operations ?? memoryOperations().operations,
    bucket: BUCKET,
  };
}

/** What a few days of deliveries leave: a correction, a late straggler, a quarantine, a file that is no workbook. */
let origin: RebuildPorts & ChainPorts;
let before: MainDigest;
const told = memoryOperations();

beforeAll(async () => {
  let now_ms = Date.parse('2025-09-12T21:30:00.000Z');
  const now = () => {
    now_ms += 1_500;
    return new Date(now_ms);
  };
  const objects = memoryObjectStore({ now });
  origin = portsOf({ objects, operations: told.operations, now: () => now().toISOString() });
  await makeHistory(origin);
  before = await digest(origin);
});

async function makeHistory(ports: RebuildPorts & ChainPorts): Promise<void> {
  let uploads = 0;
  const sequencer = () => String(++uploads).padStart(16, '0');
  const arrive = async (vendor: string, day: string, options: Parameters<typeof sampleFile>[2] = {}) => {
    const { file, bytes } = await sampleFile(vendor, day, options);
    return upload(ports, file, day, bytes, sequencer());
  };
  const run = async (event: Awaited<ReturnType<typeof arrive>>) => {
    const version = await runChain(ports, event);
    if (version !== undefined && (await ports.objects.head(`released/${version}.json`)) !== undefined)
      await describeRelease(version, ports);
  };
  await run(await arrive('pw', DAY));
  const straggler = await arrive('eugp', DAY);
  await run(await arrive('eugp', '2025-09-11', { corrupt: 'crossed-bid-ask' }));
  await run(await arrive('pw', DAY, { seed: 2 }));
  await run(await upload(ports, 'EOD_RP_20250912_1430.xlsx', DAY, new TextEncoder().encode('<html>')));
  await run(straggler);
}

/** A store that holds what the given prefixes hold, as old as it is there, and answers to the version ids it has there. */
async function copyOf(
  source: VersionedObjectStore,
  prefixes: readonly string[],
): Promise<VersionedObjectStore> {
  let at = '';
  const version_ids = new Map<string | undefined, string>();
  const copy = memoryObjectStore({ now: () => new Date(at === '' ? Date.now() : at) });
  for (const prefix of prefixes) {
    const entries = [];
    for await (const entry of source.listVersions(prefix)) entries.push(entry);
    for (const { key, version_id, last_modified } of entries.sort((a, b) =>
      a.last_modified < b.last_modified ? -1 : 1,
    )) {
      at = last_modified;
      const stored = await source.get(key, version_id === undefined ? {} : { version_id });
      await copy.put(key, stored!.body);
      const copied = (await copy.head(key))?.version_id;
      if (copied !== undefined) version_ids.set(version_id, copied);
    }
  }
  at = '';
  return {
    ...copy,
    get: (key, options = {}) => {
      const version_id = version_ids.get(options.version_id) ?? options.version_id;
      return copy.get(key, version_id === undefined ? options : { ...options, version_id });
    },
  };
}

async function mismatches(ports: RebuildPorts): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const { mismatch_codes } of verifyReleases({}, ports))
    for (const [code, count] of Object.entries(mismatch_codes)) found[code] = (found[code] ?? 0) + count;
  return found;
}

const standing = async (log: IngestLog) =>
  (await log.latest({ limit: 100 }))
    .map(({ at: _, ...entry }: IngestEntry) => entry)
    .sort((a, b) => (`${a.source_key}${a.etag}` < `${b.source_key}${b.etag}` ? -1 : 1));

describe('from the raw area', () => {
  test('alone, every row is there again, the same version is current, and all of it is proven', async () => {
    const operations = memoryOperations();
    const ports = portsOf({
      objects: await copyOf(origin.objects, ['raw/']),
      operations: operations.operations,
    });
    const report = await rebuild(ALL, ports);
    expect(report).toMatchObject({
      uploads: 5,
      released: 3,
      red: 1,
      refused: 1,
      rows: before.rows,
      failed: [],
      lost: [],
      instants: { kept: 0, new: 3 },
      rpo_s: 0,
    });
    expect(report.rto_s).toBeGreaterThan(0);
    expect(report.digest.content).toBe(before.content);
    expect(report.digest.instants).not.toBe(before.instants);
    expect(await mismatches(ports)).toEqual({});
    expect(await standing(ports.log)).toEqual(await standing(origin.log));
    expect(operations.watermarks).toEqual(told.watermarks);
    expect(operations.instruments).toEqual(told.instruments);
  });

  test('and the intents, also the instants are as they were', async () => {
    const ports = portsOf({ objects: await copyOf(origin.objects, ['raw/', 'releasing/']) });
    const report = await rebuild(ALL, ports);
    expect(report.digest).toEqual(before);
    expect(report.instants).toEqual({ kept: 3, new: 0 });
    expect(await mismatches(ports)).toEqual({});
  });

  test('with one intent lost, the others keep their instants', async () => {
    const objects = await copyOf(origin.objects, ['raw/', 'releasing/']);
    const [first] = await origin.tables.releases('main');
    await objects.delete(`releasing/${first!.version}.json`);
    const report = await rebuild(ALL, portsOf({ objects }));
    expect(report.instants).toEqual({ kept: 2, new: 1 });
    expect(report.digest.content).toBe(before.content);
  });

  test('and an event log that survived: nothing is published twice, and the instants are taken from it', async () => {
    const ports = portsOf({ objects: await copyOf(origin.objects, ['raw/']), bus: origin.bus });
    expect((await rebuild(ALL, ports)).digest).toEqual(before);
    expect(await mismatches(ports)).toEqual({});
  });

  test('and what the stages left: tables that are gone are made again from it', async () => {
    const left = ['raw/', 'staged/', 'gated/', 'released/', 'quarantine/', 'refused/'];
    const ports = portsOf({ objects: await copyOf(origin.objects, left), bus: origin.bus });
    const report = await rebuild({ scope: 'tables', force: false }, ports);
    expect(report.digest).toEqual(before);
    expect(report.lost).toEqual([]);
    expect(await mismatches(ports)).toEqual({});
  });
});

describe('the operational database', () => {
  test('is restored from what the stages left, and the tables stay as they are', async () => {
    const operations = memoryOperations();
    const log = memoryIngestLog();
    const head = await origin.tables.head('main');
    const report = await rebuild(
      { scope: 'operational', force: false },
      { ...origin, log, operations: operations.operations },
    );
    expect(await standing(log)).toEqual(await standing(origin.log));
    expect(operations.instruments).toEqual(told.instruments);
    expect(operations.watermarks).toEqual(told.watermarks);
    expect(report).toMatchObject({ lost: [], failed: [], digest: before, rpo_s: 0 });
    expect(await origin.tables.head('main')).toEqual(head);
  });

  test('that another process uses is told before anything is touched', async () => {
    const objects = await copyOf(origin.objects, ['raw/']);
    let puts = 0;
    const put: typeof objects.put = async (...args) => {
      puts += 1;
      return objects.put(...args);
    };
    const latest = async () => {
      throw busy('database_in_use', 'The operational database is used by process 1.');
    };
    const ports = portsOf({ objects: { ...objects, put }, log: { ...memoryIngestLog(), latest } });
    await expect(rebuild(ALL, ports)).rejects.toMatchObject({ code: 'database_in_use' });
    expect(puts).toBe(0);
  });
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

  test('uploads of one millisecond keep their order', async () => {
    const now = () => new Date('2025-09-12T21:30:00.000Z');
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
});

test('the plan changes nothing and prints the digest of main as it is', async () => {
  const plan = await planRebuild('all', origin);
  expect(plan).toMatchObject({
    uploads: 5,
    releases_on_main: 3,
    staged: 4,
    intents: 3,
    records: 3,
    digest: before,
  });
  const empty = portsOf({ objects: await copyOf(origin.objects, ['raw/']) });
  expect(await planRebuild('all', empty)).toMatchObject({
    releases_on_main: 0,
    staged: 0,
    digest: { rows: 0 },
  });
});

describe('the commands, on local stores', () => {
  const home = mkdtempSync(join(tmpdir(), 'aurum-rebuild-'));
  let gateway: Awaited<ReturnType<typeof startS3Gateway>>;
  let environment: Record<string, string>;
  const keys = { access_key: 'minio', secret_key: 'minio123' };
  beforeAll(async () => {
    gateway = await startS3Gateway({ port: 0, data_dir: join(home, 's3'), buckets: [BUCKET], ...keys });
    environment = { AURUM_HOME: home, AURUM_S3_ENDPOINT: gateway.url, AURUM_EXPECTED_VENDORS: 'pw' };
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function aurum(command: Command, options: Record<string, string> = {}) {
    let out = '';
    let messages = '';
    const io: CommandIo = {
      out: async (data) => {
        out += String(data);
      },
      tell: (text) => {
        messages += text;
      },
      terminal: false,
      environment,
    };
    const code = await command
      .run({ positionals: [], options }, io)
      .catch((error: unknown) => tellError(error, io));
    const lines = out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, never>);
    return { code: code ?? 0, lines, messages };
  }

  test('verify, wipe, rebuild, verify', async () => {
    const objects = s3ObjectStore({
      endpoint: gateway.url,
      region: 'us-east-1',
      bucket: BUCKET,
      force_path_style: true,
      ...keys,
    });
    const bus = logEventBus({ dir: join(home, 'events') });
    const ports = portsOf({ objects, bus, now: () => new Date().toISOString() });
    const { file, bytes } = await sampleFile('pw', DAY);
    await runChain(ports, await upload(ports, file, DAY, bytes));
    const good = await aurum(verifyCommand);
    expect(good.code).toBe(0);
    // The release, the audit trail, the valuations.
    expect(good.lines).toMatchObject([
      { mismatch_count: 0 },
      { audit: { broken: null } },
      { valuations: {} },
    ]);
    expect(good.messages).toMatch(/aurum: 1 release, [\d,]+ rows: proven/);

    const plan = await aurum(rebuildCommand, { 'dry-run': 'yes' });
    expect(plan.code).toBe(0);
    expect(plan.messages).toContain('would refuse: main holds releases');
    expect((await aurum(rebuildCommand)).messages).toContain('(main_exists)');

    await objects.put(`staged/${good.lines[0]!.version}/rows.parquet`, new Uint8Array([1]));
    const bad = await aurum(verifyCommand);
    expect(bad.code).toBe(2);
    expect(bad.messages).toContain('(staged_unreadable)');

    for (const key of await listed(objects, ''))
      if (!/^(raw|releasing)\//.test(key)) await objects.delete(key);
    rmSync(join(home, 'events'), { recursive: true });
    const unlock = lockFolder(join(home, 'postgres'));
    const locked = await aurum(rebuildCommand);
    expect(locked).toMatchObject({ code: 1, lines: [] });
    expect(locked.messages).toContain('(database_in_use)');
    unlock();
    const report = await aurum(rebuildCommand);
    expect(report.code).toBe(0);
    expect(report.lines[0]).toMatchObject({ released: 1, red: 0, refused: 0, lost: [], rpo_s: 0 });
    expect(report.lines[0]?.digest).toEqual(plan.lines[0]?.digest);
    expect(report.messages).toMatch(/RTO [\d.]+ s \([\d,]+ rows\/s\), RPO 0 s/);
    expect((await aurum(verifyCommand)).code).toBe(0);
  });
});

async function listed(objects: VersionedObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(prefix)) keys.push(key);
  return keys;
}
