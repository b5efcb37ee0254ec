/**
 * The vendor's real workbooks, where they are at hand, dropped into `npm start` by a plain S3 upload: every value served
 * equals its cell as exceljs reads it. Compares by counts: no price is ever printed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';

const WORKBOOKS = process.env.AURUM_REAL_WORKBOOKS ?? join(import.meta.dirname, '../../../shared/workbooks');
const reason = existsSync(WORKBOOKS)
  ? ''
  : ' (skipped: the folder of real workbooks is not there; set AURUM_REAL_WORKBOOKS)';

const BOOKS = [
  { file: 'EOD_EUGP_20250214_1430.xlsx', asof: '2025-02-14', rows: 11_483, curves: 83 },
  { file: 'EOD_EUGP_20250912_1430.xlsx', asof: '2025-09-12', rows: 11_483, curves: 83 },
  { file: 'EOD_RP_20250214_1430.xlsx', asof: '2025-02-14', rows: 26_980, curves: 355 },
  { file: 'EOD_RP_20250912_1430.xlsx', asof: '2025-09-12', rows: 27_816, curves: 366 },
];

describe.skipIf(reason !== '')(`real workbooks${reason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-real-'));
  let site: Started;

  beforeAll(async () => {
    const settings = { ...(await sitePorts()), AURUM_EXPECTED_VENDORS: 'eugp,rp' };
    site = await start(join(folder, 'home'), settings, ['--no-sample']);
    const s3 = new Client({
      endPoint: '127.0.0.1',
      port: site.s3_port,
      useSSL: false,
      accessKey: 'minio',
      secretKey: 'minio123',
    });
    for (const { file, asof } of BOOKS)
      await s3.fPutObject('aurum', `raw/vendor_curves/${asof}/${file}`, join(WORKBOOKS, file));
    const ingest = async () =>
      ((await (await site.get('/v1/ingest')).json()) as { data: { stage: string; status: string }[] }).data;
    await eventually(
      ingest,
      (entries) => entries.filter(({ status }) => status !== 'running').length === BOOKS.length,
      60_000,
    );
  }, 90_000);
  afterAll(async () => {
    await site?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** All rows of a day, page by page. */
  async function served(asof: string): Promise<CurveObservation[]> {
    const rows: CurveObservation[] = [];
    let cursor: string | null = '';
    do {
      const page = await site.get(
        `/v1/curves?asof=${asof}&limit=10000${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      const { meta, data } = (await page.json()) as {
        meta: { next_cursor: string | null };
        data: CurveObservation[];
      };
      rows.push(...data);
      cursor = meta.next_cursor;
    } while (cursor !== null);
    return rows;
  }

  test.each(BOOKS)(
    '$file: every value served equals its cell',
    async ({ file, asof, rows: expected, curves }) => {
      const rows = (await served(asof)).filter(({ source_file }) => source_file === file);
      expect(rows.length).toBe(expected);
      expect(new Set(rows.map(({ curve_key }) => curve_key)).size).toBe(curves);
      const book = new ExcelJS.Workbook();
      await book.xlsx.load(readFileSync(join(WORKBOOKS, file)) as never);
      const cell = (address: string) => {
        const at = address.lastIndexOf('!');
        return book.getWorksheet(address.slice(0, at))?.getCell(address.slice(at + 1)).value;
      };
      let mids = 0;
      let sides = 0;
      for (const row of rows) {
        if (cell(row.source_cell) === row.mid && row.value === row.mid) mids += 1;
        if (row.source_cell_bid_ask === null) continue;
        const [bid, ask] = String(cell(row.source_cell_bid_ask)).split('   /   ').map(Number);
        if (bid === row.bid && ask === row.ask) sides += 1;
      }
      expect(mids).toBe(rows.length);
      expect(sides).toBe(rows.filter(({ source_cell_bid_ask }) => source_cell_bid_ask !== null).length);
    },
    60_000,
  );
});
