/** kill -9 at effects of the chain, on the S3 gateway and the event log on disk. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { BUCKET, chainPorts, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { startS3Gateway } from '../../local/s3/gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A gateway and an event log of their own, with the workbook uploaded. */
async function site(name: string) {
  const gateway = await startS3Gateway({
    port: 0,
    data_dir: join(folder, name, 's3'),
    access_key: 'minio',
    secret_key: 'minio123',
    buckets: [BUCKET],
    versioned_prefixes: ['raw/'],
    notifications: [],
  });
  const objects = s3ObjectStore({
    endpoint: gateway.url,
    region: 'us-east-1',
    bucket: BUCKET,
    access_key: 'minio',
    secret_key: 'minio123',
    force_path_style: true,
  });
  const bus = logEventBus({ dir: join(folder, name, 'events') });
  const { file, bytes } = await sampleFile('pw', '2025-09-12');
  const event = await upload(chainPorts({ objects, bus }), file, '2025-09-12', bytes, '01');
  return { gateway, objects, bus, event, dir: join(folder, name, 'events') };
}

type Site = Awaited<ReturnType<typeof site>>;

/** The gateway answers from this process, so the child runs beside it. */
function run({ gateway, dir, event }: Site, at: number): Promise<NodeJS.Signals | number> {
  const script = join(import.meta.dirname, '../fixtures/chain-process.ts');
  const child = spawn(
    process.execPath,
    [script, String(gateway.port), dir, JSON.stringify(event), String(at)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let messages = '';
  child.stderr.on('data', (chunk) => {
    messages += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      if (signal === null && code !== 0) reject(new Error(messages));
      else resolve(signal ?? 0);
    });
  });
}

/** What lies in the store and the log. The store's own clock is in the report, so hashes over it are left out of names. */
async function state({ objects, bus }: Site) {
  const names: string[] = [];
  for await (const { key } of objects.list('')) names.push(key.replaceAll(/[0-9a-f-]{16,}/g, '*'));
  const cells: string[] = [];
  for await (const { value } of bus.read(curveObservationTopic))
    cells.push(`${value.source_cell}=${value.value}`);
  return { names: names.sort(), cells };
}

/** Before each; before and after every one within a process in tests/e2e/crash.test.ts. */
test('the chain killed before any effect ends as undisturbed after redelivery', async () => {
  const calm = await site('calm');
  expect(await run(calm, 0)).toBe(0);
  const wanted = await state(calm);
  await calm.gateway.close();
  /** One more effect than the last run had would kill nothing: the lanes share one count. */
  let next = 0;
  let kills = 0;
  const lane = async () => {
    let ended: unknown = 'SIGKILL';
    while (ended === 'SIGKILL') {
      const at = ++next;
      const held = await site(`kill-${at}`);
      ended = await run(held, at);
      if (ended === 'SIGKILL') {
        kills += 1;
        expect(await run(held, 0)).toBe(0);
      }
      expect(await state(held), `killed before effect ${at}`).toEqual(wanted);
      await held.gateway.close();
    }
  };
  await Promise.all([lane(), lane()]);
  expect(kills).toBeGreaterThanOrEqual(18);
});
