import { beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { manifestText, readManifest, signedManifest } from '#lib/domain/export-manifest.ts';
import { type DailyExportPorts, exportNewestDay } from '#lib/flows/daily-exports.ts';
import { exportCurves } from '#lib/flows/export-curves.ts';
import { exportedFile, listExports, showExport } from '#lib/flows/query-exports.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { exportListAnswer, exportListQuery, exportShowAnswer } from '#schemas/export.ts';
import { asked, KEYS, STAFF, site } from './site.ts';

const ACME = { tenant: 'acme', entitlements: [{ vendor: 'aa', asset_class: null, region: null }] } as const;
const list = (query: Record<string, string> = {}) => exportListQuery.parse(query);
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('exports of a tenant', () => {
  let made: Awaited<ReturnType<typeof site>>;
  let house: readonly string[];
  let acme: string;
  beforeAll(async () => {
    made = await site();
    const first = await exportCurves(asked({ asof: '2025-09-11' }), made.ports, STAFF);
    const second = await exportCurves(asked({ asof: '2025-09-12', format: 'csv' }), made.ports, STAFF);
    house = [first.data.export_id, second.data.export_id];
    acme = (await exportCurves(asked({ asof: '2025-09-12' }), made.ports, ACME)).data.export_id;
  });

  test('are listed with the newest day first, and no other tenant’s', async () => {
    const answer = exportListAnswer.parse(await listExports(list(), made, STAFF));
    expect(answer.data.map(({ export_id }) => export_id)).toEqual([house[1], house[0]]);
    expect(answer.data[0]).toMatchObject({
      asof_date: '2025-09-12',
      state: 'signed',
      created_at: '2025-09-12T22:00:00.000Z',
      format: 'csv',
      rows: 3_600,
      selection: { asof: '2025-09-12' },
      releases: [{ vendor: 'aa', rows: 1_800 }, { vendor: 'bb' }],
    });
    const own = await listExports(list(), made, ACME);
    expect(own.data.map(({ export_id, releases }) => [export_id, releases?.length])).toEqual([[acme, 1]]);
    expect((await listExports(list(), made, { ...ACME, tenant: 'acm' })).data).toEqual([]);
  });

  test('one page goes on where the other ended, for its own tenant and filters only', async () => {
    const first = await listExports(list({ limit: '1' }), made, STAFF);
    const cursor = first.meta.next_cursor!;
    const second = await listExports(list({ limit: '1', cursor }), made, STAFF);
    expect(second.data.map(({ export_id }) => export_id)).toEqual([house[0]]);
    expect(second.meta.next_cursor).toBeNull();
    await expect(listExports(list({ limit: '1', cursor }), made, ACME)).rejects.toEqual(
      code('cursor_mismatch'),
    );
    const day = await listExports(list({ asof: '2025-09-11' }), made, STAFF);
    expect(day.data.map(({ export_id }) => export_id)).toEqual([house[0]]);
  });

  test('one is shown with its manifest and where each file is, and each file has the hash that was signed', async () => {
    const { meta, data } = exportShowAnswer.parse(await showExport({ id: house[1]! }, made, STAFF));
    expect(meta.fetch.map(({ path }) => path)).toEqual([
      `/v1/exports/${house[1]}/manifest.json`,
      ...data.files.map(({ name }) => `/v1/exports/${house[1]}/${name}`),
    ]);
    const { name, bytes } = data.files[0]!;
    const fetched = await exportedFile({ id: house[1]!, file: name }, made, STAFF);
    expect([fetched.bytes.length, fetched.type]).toEqual([bytes, 'text/csv; charset=utf-8']);
  });

  test('another tenant’s id is as absent as one that never was', async () => {
    const refused = async (id: string, work: (id: string) => Promise<unknown>) => {
      const error = await work(id).catch((reason: Error & { code: string }) => reason);
      return JSON.stringify({ ...(error as object), message: (error as Error).message }).replaceAll(id, 'ID');
    };
    const never = '0'.repeat(32);
    const shown = (id: string) => showExport({ id }, made, ACME);
    const fetched = (id: string) => exportedFile({ id, file: 'manifest.json' }, made, ACME);
    for (const work of [shown, fetched]) {
      expect(await refused(house[0]!, work)).toEqual(await refused(never, work));
      expect(await refused(house[0]!, work)).toContain('export_not_found');
    }
    await expect(exportedFile({ id: acme, file: 'other.csv' }, made, ACME)).rejects.toEqual(
      code('export_not_found'),
    );
  });

  test('is not there while its tenant may not see all curves of it, and there again when it may', async () => {
    const { data } = await exportCurves(asked({ asof: '2025-09-11' }), made.ports, ACME);
    const [id, names] = [data.export_id, ['manifest.json', data.files[0]!.name]];
    const given = (...entitlements: Caller['entitlements'] & object) => ({ tenant: 'acme', entitlements });
    const right = (asset_class: string | null, vendor: string | null = 'AA') => ({
      vendor,
      asset_class,
      region: null,
    });
    const fetched = async (owner: Pick<Caller, 'tenant' | 'entitlements'>) => {
      const { data: listed } = await listExports(list({ asof: '2025-09-11' }), made, owner);
      const tried = [
        showExport({ id }, made, owner),
        ...names.map((file) => exportedFile({ id, file }, made, owner)),
      ];
      const codes = (await Promise.allSettled(tried)).map((one) =>
        one.status === 'fulfilled' ? 'there' : one.reason.code,
      );
      return [listed.length, ...new Set(codes)];
    };
    const there = [1, 'there'];
    const gone = [0, 'export_not_found'];
    expect(await fetched(given(right('power'), right('gas')))).toEqual(there);
    expect(await fetched(given(right('power')))).toEqual(gone);
    expect(await fetched(given(right(null, 'bb')))).toEqual(gone);
    expect(await fetched(given())).toEqual(gone);
    expect(await fetched(given(right(null, null)))).toEqual(there);
    const { curves, ...unsaid } = readManifest((await made.objects.get(keyOf(id)))!.body);
    expect(curves?.every(({ vendor }) => vendor === 'aa')).toBe(true);
    const { signature: _, ...content } = unsaid;
    await made.objects.put(keyOf(id), manifestText(signedManifest(content, KEYS.privateKey)));
    expect(await fetched(ACME)).toEqual(gone);
    expect(await fetched({ tenant: 'acme', entitlements: 'all' })).toEqual(there);
    await made.objects.delete(keyOf(id));
  });

  const keyOf = (id: string) => `exports/acme/asof=2025-09-11/${id}/manifest.json`;

  test('a page of a tenant is full, whatever lies between that it may not see', async () => {
    const own = await site();
    const power = { tenant: 'acme', entitlements: [{ vendor: 'aa', asset_class: 'power', region: null }] };
    for (const caller of [ACME, power]) {
      for (const asof of ['2025-09-11', '2025-09-12']) await exportCurves(asked({ asof }), own.ports, caller);
    }
    expect((await listExports(list(), own, ACME)).data).toHaveLength(4);
    const first = await listExports(list({ limit: '1' }), own, power);
    const second = await listExports(list({ limit: '1', cursor: first.meta.next_cursor! }), own, power);
    expect([...first.data, ...second.data].map(({ asof_date }) => asof_date)).toEqual([
      '2025-09-12',
      '2025-09-11',
    ]);
    expect(second.meta.next_cursor).toBeNull();
  });

  test('a spoilt manifest is said of its export and hides no other', async () => {
    const spoilt = await site();
    const { meta, data } = await exportCurves(asked({ asof: '2025-09-11' }), spoilt.ports, STAFF);
    await exportCurves(asked({ asof: '2025-09-12' }), spoilt.ports, STAFF);
    const key = `${meta.prefix}manifest.json`;
    const text = Buffer.from((await spoilt.objects.get(key))!.body).toString();
    await spoilt.objects.put(key, text.replace(`"rows": ${data.rows}`, '"rows": 1'));
    const listed = await listExports(list(), spoilt, STAFF);
    expect(listed.data.map(({ state, rows }) => [state, rows])).toEqual([
      ['signed', 3_600],
      ['changed', null],
    ]);
  });
});

describe('the daily export', () => {
  const registered = [
    { id: 'acme', entitlements: ACME.entitlements },
    { id: 'later', entitlements: [] },
    { id: 'other', entitlements: [{ vendor: 'zz', asset_class: null, region: null }] },
  ];
  const sql = {
    transaction: (_: string, work: (tx: unknown) => unknown) => work({ query: async () => registered }),
  };
  const portsOf = ({ ports }: Awaited<ReturnType<typeof site>>): DailyExportPorts => ({
    ...ports,
    sql: sql as unknown as Sql,
  });

  test('is written for the house and each entitled tenant, of what each may see, and once', async () => {
    const made = await site();
    expect(await exportNewestDay(portsOf(made))).toEqual([
      { tenant: 'house', outcome: 'written', rows: 3_600 },
      { tenant: 'acme', outcome: 'written', rows: 1_800 },
      { tenant: 'other', outcome: 'nothing', rows: 0 },
    ]);
    const again = await exportNewestDay(portsOf(made));
    expect(again.map(({ outcome }) => outcome)).toEqual(['already', 'already', 'nothing']);
    const { data } = await listExports(list(), made, ACME);
    expect(data.map(({ asof_date }) => asof_date)).toEqual(['2025-09-12']);
  });

  test('one tenant’s failure is told, after the others have theirs', async () => {
    const made = await site();
    const ports = portsOf(made);
    const put: typeof ports.objects.put = async (key, ...rest) => {
      if (key.startsWith('exports/house/')) throw new Error('the disk is full');
      return made.objects.put(key, ...rest);
    };
    await expect(exportNewestDay({ ...ports, objects: { ...ports.objects, put } })).rejects.toThrow(
      'the disk is full',
    );
    expect((await listExports(list(), made, ACME)).data).toHaveLength(1);
  });
});
