/**
 * Whole workbooks through reader, adapter and gate: the generated ones, and the real ones where they lie at hand. Of the
 * real ones only counts are looked at.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GateRun, runGate } from '#lib/domain/gate.ts';
import { parseWorkbook } from '#lib/flows/parse-workbook.ts';
import { family as business } from '#lib/gates/business.ts';
import { family as schema } from '#lib/gates/schema.ts';
import { family as tenor } from '#lib/gates/tenor.ts';
import type { Corruption } from '#lib/samples/corrupt.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const families = [schema, business, tenor];

interface Delivery {
  readonly file: string;
  readonly bytes: Uint8Array;
}

function judge({ file, bytes }: Delivery, before?: Delivery): GateRun {
  const outcome = parseWorkbook({ source_file: file, bytes }, adapters);
  const adapter = adapters.find(({ vendor }) => vendor === outcome.vendor)!;
  const unaccounted = outcome.coverage.reduce((sum, sheet) => sum + sheet.unaccounted_prices, 0);
  return runGate(
    {
      table: outcome.table,
      previous: before && parseWorkbook({ source_file: before.file, bytes: before.bytes }, adapters).table,
      seasons: adapter.seasons,
      heatRates: adapter.heatRates,
      parameters: { expected_rows: outcome.table.length + outcome.failures.length + unaccounted },
    },
    families,
  );
}

/** What failed below or at critical: rule, rows, first cell. Never a price. */
const failures = (run: GateRun) =>
  run.suites
    .flatMap((suite) => suite.results)
    .filter(({ success }) => !success)
    .map(({ expectation_config: { meta }, result }) => [
      meta.notes,
      result.unexpected_count,
      (result.unexpected_cells as string[] | undefined)?.[0],
    ]);

/** Rows whose measure could be computed. */
function judged(run: GateRun, measure: string): number {
  const results = run.suites.flatMap((suite) => suite.results);
  const { result } = results.find(({ expectation_config }) => expectation_config.kwargs.column === measure)!;
  return Number(result.element_count) - Number(result.missing_count);
}

describe('generated workbooks', () => {
  test.each(['pw', 'eugp', 'rp'])('%s is green', async (vendor) => {
    const run = judge(await sampleFile(vendor, '2025-09-12'));
    expect(failures(run)).toEqual([]);
  });
  test('eugp is green after the day before, and is compared with it', async () => {
    const run = judge(await sampleFile('eugp', '2025-09-12'), await sampleFile('eugp', '2025-09-11'));
    expect(run.success).toBe(true);
    expect(judged(run, 'day_change')).toBe(7248);
    expect(judged(run, 'unchanged_days')).toBe(11483);
  });
  test.each<[Corruption, RegExp]>([
    ['crossed-bid-ask', /^Red: .*ask is not below bid: 1 of 11483 rows, first at Fixed Prices - BidAsk!D14/],
    ['bad-price', /^Red: .*every priced cell is a row/],
    ['wrong-strip', /^Red: .*Strips - Mid!D12/],
  ])('eugp with a %s is red', async (corrupt, summary) => {
    const run = judge(await sampleFile('eugp', '2025-09-12', { corrupt }));
    expect(run.success).toBe(false);
    expect(run.summary).toMatch(summary);
  });
});

const folder = process.env.AURUM_REAL_WORKBOOKS ?? join(import.meta.dirname, '../../../../shared/workbooks');
const there = existsSync(folder);

describe.skipIf(!there)(
  `real workbooks${there ? '' : ' (skipped: AURUM_REAL_WORKBOOKS is not there)'}`,
  () => {
    test.each([
      ['EOD_EUGP_20250214_1430.xlsx', { rows: 11_483, sparks: 4_235, strips: 1_440 }],
      ['EOD_EUGP_20250912_1430.xlsx', { rows: 11_483, sparks: 4_235, strips: 1_440 }],
      ['EOD_RP_20250214_1430.xlsx', { rows: 26_980, sparks: 0, strips: 5_325 }],
      ['EOD_RP_20250912_1430.xlsx', { rows: 27_816, sparks: 0, strips: 5_490 }],
    ])('%s is green, with every spark and strip checked', (file, { rows, sparks, strips }) => {
      const run = judge({ file, bytes: readFileSync(join(folder, file)) });
      expect(failures(run)).toEqual([]);
      expect(run.success).toBe(true);
      expect(judged(run, 'spark_deviation')).toBe(sparks);
      expect(judged(run, 'strip_deviation')).toBe(strips);
      expect(judged(run, 'mid_deviation')).toBe(rows - sparks);
    });
  },
);
