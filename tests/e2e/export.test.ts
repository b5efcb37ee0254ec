/**
 * Exports by the command line over an S3 gateway: streams in every format, a signed folder that is checked, the tenant's
 * place in the bucket, and a workbook that goes through the whole chain again and changes no price.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { rowAt } from '#lib/domain/curve.ts';
import { curveBatches } from '#lib/flows/curve-batches.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { run } from '#tests/unit/cli/run.ts';
import { type S3Gateway, startS3Gateway } from '../../local/s3/gateway.ts';

const DAY = '2025-09-12';
const KEYS = { access_key: 'minio', secret_key: 'minio123' };
const folder = mkdtempSync(join(tmpdir(), 'aurum-export-'));
const place = (name: string) => join(folder, name);
let gateway: S3Gateway;
let environment: Record<string, string>;
let ports: ReturnType<typeof chainPorts>;

beforeAll(async () => {
  gateway = await startS3Gateway({ port: 0, data_dir: place('s3'), buckets: ['aurum'], ...KEYS });
  environment = { AURUM_HOME: place('home'), AURUM_S3_ENDPOINT: gateway.url };
  const objects = s3ObjectStore({
    endpoint: gateway.url,
    region: 'us-east-1',
    bucket: 'aurum',
    force_path_style: true,
    ...KEYS,
  });
  ports = chainPorts({ objects, expected_vendors: ['pw'] });
  for (const vendor of ['pw', 'eugp']) {
    const { file, bytes } = await sampleFile(vendor, DAY);
    await runChain(ports, await upload(ports, file, DAY, bytes));
  }
});
afterAll(async () => {
  await gateway?.close();
  rmSync(folder, { recursive: true, force: true });
});

const aurum = (...argv: string[]) => run(argv, { environment });

/** Rows of the newest release of each vendor. */
async function released(vendor: string): Promise<CurveObservation[]> {
  const releases = (await ports.tables.releases('main')).filter((one) => one.vendor === vendor).slice(-1);
  const rows: CurveObservation[] = [];
  const slice = { releases, latest: false, entitlements: 'all' as const, filter: {}, limit: 100_000 };
  for await (const { table, ingest_ts, rows: taken } of curveBatches(ports.queries, slice)) {
    for (const row of taken) rows.push(rowAt(table, row, ingest_ts));
  }
  return rows;
}

describe('aurum export', () => {
  test('streams the same rows in every format', async () => {
    const rows = [...(await released('pw')), ...(await released('eugp'))].filter(
      ({ block }) => block === 'ON_PEAK',
    );
    const ask = (format: string) => aurum('export', '--as-of', DAY, '--block', 'on_peak', '--format', format);
    const ndjson = await ask('ndjson');
    expect(ndjson.code).toBe(0);
    const found = ndjson.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as CurveObservation);
    expect(new Set(found.map((row) => JSON.stringify(row)))).toEqual(
      new Set(rows.map((row) => JSON.stringify(row))),
    );
    const json = JSON.parse((await ask('json')).out) as { meta: object; data: unknown[] };
    expect(json.data).toEqual(found);
    expect(json.meta).toMatchObject({ asof: DAY, releases: [{ vendor: 'pw' }, { vendor: 'eugp' }] });
    const arrow = tableFromIPC((await ask('arrow')).bytes);
    expect(arrow.getChild('value')!.toArray()).toEqual(Float64Array.from(found, ({ value }) => value));
    expect((await ask('csv')).out.split('\r\n')).toHaveLength(found.length + 2);
  });

  test('writes a signed folder that proves itself, and a changed byte is named', async () => {
    const made = await aurum('export', '--as-of', DAY, '--output', `${place('signed')}/`);
    expect(made).toMatchObject({ code: 0, told: expect.stringContaining('written') });
    await aurum('export', '--public-key', place('key.pem'));
    const proven = await aurum('verify-export', place('signed'), '--key', place('key.pem'));
    expect(proven).toMatchObject({ code: 0, told: expect.stringContaining('proven') });
    expect(JSON.parse(proven.out)).toMatchObject({ findings: [], trusted_key: true, files: 1 });
    const unknown = await aurum('verify-export', place('signed'));
    expect(unknown).toMatchObject({
      code: 0,
      told: expect.stringContaining('taken from the manifest itself'),
    });

    const again = await aurum('export', '--as-of', DAY, '--output', `${place('signed')}/`);
    expect(again).toMatchObject({ code: 0, told: expect.stringContaining('already') });
    const [file] = readdirSync(place('signed')).filter((name) => name.endsWith('.parquet'));
    const bytes = readFileSync(join(place('signed'), file!));
    bytes[1_000]! ^= 1;
    writeFileSync(join(place('signed'), file!), bytes);
    const spoilt = await aurum('verify-export', place('signed'), '--key', place('key.pem'));
    expect(spoilt).toMatchObject({
      code: 2,
      told: expect.stringContaining(`${file}: it is not as it was signed`),
    });
    expect(await aurum('verify-export', place('nowhere'))).toMatchObject({ code: 2 });
  });

  test.each(['pw', 'eugp'])(
    'a workbook of %s goes through the chain and changes no price',
    async (vendor) => {
      const before = await released(vendor);
      const written = await aurum('export', '--format', 'xlsx', '--vendor', vendor, '--as-of', DAY);
      expect(written.code).toBe(0);
      const file = `EOD_${vendor.toUpperCase()}_20250912_1500.xlsx`;
      const event = await upload(ports, file, DAY, new Uint8Array(written.bytes));
      expect(await runChain(ports, event)).toMatch(/^20250912-/);
      const after = await released(vendor);
      expect(after[0]!.source_file).toBe(file);
      const content = ({
        curve_key,
        tenor_type,
        contract_month,
        tenor_label,
        value,
        bid,
        ask,
        mid,
      }: CurveObservation) =>
        JSON.stringify([curve_key, tenor_type, contract_month, tenor_label, value, bid, ask, mid]);
      expect(after.map(content)).toEqual(before.map(content));
    },
  );

  test('says what is wrong in one line', async () => {
    for (const [argv, code] of [
      [['export', '--format', 'xlsx'], 'option_missing'],
      [['export', '--format', 'xlsx', '--vendor', 'zz'], 'release_not_found'],
      [['export', '--format', 'xlsx', '--vendor', 'pw', '--iso', 'PJM'], 'filter_invalid'],
      [['export', '--as-of', 'yesterday'], 'filter_invalid'],
      [['export', '--iso', 'nowhere', '--output', `${place('none')}/`], 'rows_not_found'],
      [['export', '--tenant', '../acme'], 'tenant_invalid'],
      [['export', '--tenant', 'acme', '--output', 'x/'], 'output_twice'],
      [['export', '--format', 'arrow', '--tenant', 'acme'], 'format_unsigned'],
      [['verify-export'], 'folder_missing'],
    ] as const) {
      const { code: exit, told, out } = await aurum(...argv);
      expect({ exit, out, argv }).toEqual({ exit: 2, out: '', argv });
      expect(told).toContain(`(${code})`);
      expect(told.trimEnd()).not.toContain('\n');
    }
  });
});
