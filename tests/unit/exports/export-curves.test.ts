import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import { manifestText } from '#lib/domain/export-manifest.ts';
import { exportCurves } from '#lib/flows/export-curves.ts';
import { compressors } from '#tests/unit/formats/zstd.ts';
import { asked, STAFF, site } from './site.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('an export', () => {
  let made: Awaited<ReturnType<typeof site>>;
  beforeAll(async () => {
    made = await site();
  });

  async function keysAndValues(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of made.objects.list(prefix)) {
      if (!key.endsWith('.parquet')) continue;
      const body = Uint8Array.from((await made.objects.get(key))!.body);
      const rows = await parquetReadObjects({ file: body.buffer, compressors });
      found.push(
        ...rows.map((row) => [row.curve_key, row.tenor_label, row.source_file, row.value].join('|')),
      );
    }
    return found.sort();
  }

  it('holds every row of the selection, and says where each release came from', async () => {
    const { meta, data } = await exportCurves(asked({ asof: '2025-09-11' }), made.ports, STAFF);
    expect(meta.outcome).toBe('written');
    expect(meta.prefix).toBe(`exports/house/asof=2025-09-11/${data.export_id}/`);
    const rows = made.rows.filter(({ asof_date }) => asof_date === '2025-09-11');
    expect(await keysAndValues(meta.prefix)).toEqual(
      rows.map((row) => [row.curve_key, row.tenor_label, row.source_file, row.value].join('|')).sort(),
    );
    expect(data.rows).toBe(rows.length);
    expect(data.releases.map(({ vendor, rows: own }) => [vendor, own])).toEqual([
      ['aa', 1_800],
      ['bb', 1_800],
    ]);
    expect(data.releases[0]).toMatchObject({ source_file: 'EOD_AA_20250911_1430.xlsx', lake_commit: 'c0' });
    expect(data.selection).toEqual({ asof: '2025-09-11' });
  });

  it('asked for again, and twenty times at once, changes nothing', async () => {
    const { curve_key } = made.rows.find(({ asof_date }) => asof_date === '2025-09-12')!;
    const request = asked({ asof: '2025-09-12', format: 'csv', curve_key });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => exportCurves(request, made.ports, STAFF)),
    );
    expect(answers.filter(({ meta }) => meta.outcome === 'written')).toHaveLength(1);
    expect(new Set(answers.map(({ data }) => manifestText(data))).size).toBe(1);
    const keys = async () => {
      const found = [];
      for await (const { key, etag } of made.objects.list(answers[0]!.meta.prefix)) found.push(key + etag);
      return found;
    };
    const before = await keys();
    expect(before).toHaveLength(2);
    expect((await exportCurves(request, made.ports, STAFF)).meta.outcome).toBe('already');
    expect(await keys()).toEqual(before);
  });

  it('holds only what the caller is entitled to, in a place of the tenant', async () => {
    const some = [{ vendor: 'BB', asset_class: 'gas', region: null }];
    const caller = { tenant: 'acme', entitlements: some };
    const { meta, data } = await exportCurves(asked({ asof: '2025-09-12' }), made.ports, caller);
    expect(meta.prefix).toMatch(/^exports\/acme\/asof=2025-09-12\/[0-9a-f]{32}\/$/);
    const mine = made.rows.filter(
      (row) =>
        row.asof_date === '2025-09-12' && row.source_file.startsWith('EOD_BB') && row.asset_class === 'gas',
    );
    expect(data.rows).toBe(mine.length);
    expect(data.releases.map(({ vendor }) => vendor)).toEqual(['bb']);
    expect(await keysAndValues(meta.prefix)).toEqual(
      mine.map((row) => [row.curve_key, row.tenor_label, row.source_file, row.value].join('|')).sort(),
    );
  });

  it('of rows that are not there is told like one of rows that are not yours', async () => {
    const nobody = { tenant: 'acme', entitlements: [] };
    const wanted = code('rows_not_found');
    await expect(exportCurves(asked({ asof: '2025-09-12' }), made.ports, nobody)).rejects.toThrowError(
      wanted,
    );
    await expect(exportCurves(asked({ asof: '2020-01-01' }), made.ports, STAFF)).rejects.toThrowError(wanted);
    await expect(exportCurves(asked({ iso: 'nowhere' }), made.ports, STAFF)).rejects.toThrowError(wanted);
  });

  it.each(['', '../house', 'a/b', 'A', '-a', 'a'.repeat(64), 'a\u0000', '%2e%2e'])(
    'is refused for tenant %j',
    async (tenant) => {
      const caller = { tenant, entitlements: 'all' } as const;
      await expect(exportCurves(asked(), made.ports, caller)).rejects.toThrowError(code('tenant_invalid'));
    },
  );

  it('cut off before its manifest is no export, and is mended by asking again', async () => {
    const request = asked({ market: 'West' });
    const failing: typeof made.ports.objects = {
      ...made.objects,
      put: (key, ...rest) =>
        key.endsWith('manifest.json') ? Promise.reject(new Error('down')) : made.objects.put(key, ...rest),
    };
    await expect(exportCurves(request, { ...made.ports, objects: failing }, STAFF)).rejects.toThrow('down');
    expect((await exportCurves(request, made.ports, STAFF)).meta.outcome).toBe('written');
  });

  it('does not take the folder of another one', async () => {
    const here = () => 'folder/';
    await exportCurves(asked({ asof: '2025-09-12' }), made.ports, STAFF, here);
    await expect(exportCurves(asked({ asof: '2025-09-11' }), made.ports, STAFF, here)).rejects.toThrowError(
      code('folder_taken'),
    );
  });

  it('pages where the adapter has no batches, to the same bytes', async () => {
    const { batches: _batches, ...rowwise } = made.ports.queries;
    const other = await site();
    const request = asked({ asof: '2025-09-12', location: 'Hub 7' });
    const [one, two] = await Promise.all([
      exportCurves(request, made.ports, STAFF),
      exportCurves(request, { ...other.ports, queries: rowwise }, STAFF),
    ]);
    expect(two.data.files).toEqual(one.data.files);
  });
});
