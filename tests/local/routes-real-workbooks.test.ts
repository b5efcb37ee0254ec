/**
 * Lineage and differences on the vendor's real workbooks, where they are at hand: the cell that lineage names holds the
 * value as exceljs reads it, and the parts of every change sum to it. Compares by counts: no price is ever printed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { beforeAll, describe, expect, test } from 'vitest';
import { DIFF_PARTS } from '#lib/domain/curve-diff.ts';
import { explainDiff } from '#lib/flows/explain-diff.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { curveDiffQuery } from '#schemas/diff.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import { type ChainPorts, chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';

const WORKBOOKS = process.env.AURUM_REAL_WORKBOOKS ?? join(import.meta.dirname, '../../../shared/workbooks');
const reason = existsSync(WORKBOOKS)
  ? ''
  : ' (skipped: the folder of real workbooks is not there; set AURUM_REAL_WORKBOOKS)';

const [FROM, TO] = ['2025-02-14', '2025-09-12'];
const BOOKS = ['EUGP', 'RP'].flatMap((vendor) =>
  [FROM, TO].map((asof) => ({ asof, file: `EOD_${vendor}_${asof.replaceAll('-', '')}_1430.xlsx` })),
);
const SAMPLED = 40;

describe.skipIf(reason !== '')(`routes over real workbooks${reason}`, () => {
  let ports: ChainPorts;
  let releases: readonly CurveRelease[];

  beforeAll(async () => {
    ports = chainPorts({ expected_vendors: ['eugp', 'rp'] });
    for (const { file, asof } of BOOKS)
      await runChain(ports, await upload(ports, file, asof, readFileSync(join(WORKBOOKS, file))));
    releases = await ports.tables.releases('main');
  }, 90_000);

  test.each(BOOKS)(
    '$file: the cell that lineage names holds the value',
    async ({ file, asof }) => {
      const release = releases.filter(({ source_file }) => source_file === file);
      expect(release).toHaveLength(1);
      const rows = await ports.queries.slice({
        releases: release,
        latest: false,
        entitlements: 'all',
        filter: {},
        limit: 100_000,
      });
      const book = new ExcelJS.Workbook();
      await book.xlsx.load(readFileSync(join(WORKBOOKS, file)) as never);
      const held = ({ sheet, cell }: { sheet: string; cell: string }) =>
        book.getWorksheet(sheet)?.getCell(cell).value;
      const found = { traced: 0, verified: 0, mids: 0, sides: 0, wanted_sides: 0 };
      for (let at = 0; at < rows.length; at += Math.ceil(rows.length / SAMPLED)) {
        const { curve_key, tenor_type, contract_month, tenor_label, source_file } = rows[at]!;
        const verify = at === 0 ? 'true' : 'false';
        const query = lineageQuery.parse({
          curve_key,
          tenor_type,
          contract_month,
          tenor_label,
          asof,
          verify,
        });
        const { data } = await traceLineage(query, ports, STAFF);
        const lineage = data.find(({ workbook }) => workbook.file === source_file)!;
        found.traced += 1;
        if (lineage.workbook.unchanged === true && lineage.cells.mid.raw?.agrees === true)
          found.verified += 1;
        if (held(lineage.cells.mid) === lineage.value.mid && lineage.value.mid === lineage.value.value)
          found.mids += 1;
        if (lineage.cells.bid_ask === null) continue;
        found.wanted_sides += 1;
        const [bid, ask] = String(held(lineage.cells.bid_ask)).split('   /   ').map(Number);
        if (bid === lineage.value.bid && ask === lineage.value.ask) found.sides += 1;
      }
      expect(found.traced).toBeGreaterThanOrEqual(SAMPLED - 2);
      expect(found).toMatchObject({ mids: found.traced, sides: found.wanted_sides, verified: 1 });
    },
    60_000,
  );

  test.each(['eugp', 'rp'])(
    '%s: the parts of every change sum to it',
    async (vendor) => {
      const [from, to] = releases.filter((release) => release.vendor === vendor) as [
        CurveRelease,
        CurveRelease,
      ];
      const query = { from_version: from.version, to_version: to.version, limit: '500' };
      const { data } = await explainDiff(curveDiffQuery.parse(query), ports, STAFF);
      const sums = data.flatMap(({ totals, tenors }) => [totals, ...tenors]);
      const off = sums.filter(
        ({ parts, change }) =>
          !(Math.abs(DIFF_PARTS.reduce((sum, part) => sum + parts[part], 0) - change) < 1e-9),
      );
      expect(off.length).toBe(0);
      const count = (status: string) =>
        data.reduce((sum, { tenors }) => sum + tenors.filter((tenor) => tenor.status === status).length, 0);
      expect(count('changed') + count('new')).toBe(to.row_count);
      expect(count('changed') + count('dropped')).toBe(from.row_count);
      expect(count('changed')).toBeGreaterThan(5_000);
    },
    60_000,
  );
});
