/**
 * The gate against the real Great Expectations: same suites, same rows, same verdict and count per expectation, with the
 * measures computed a second time in pandas. Needs `AURUM_PYTHON`, an interpreter with great-expectations 1.24 and pandas.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Batch, batchOf, type Column, valueAt } from '#lib/domain/gate/batch.ts';
import { type ExpectationFamily, type GateInput, runGate } from '#lib/domain/gate.ts';
import { family as business } from '#lib/gates/business.ts';
import { family as schema } from '#lib/gates/schema.ts';
import { family as tenor } from '#lib/gates/tenor.ts';
import { ASOF, gateInput, goodRows, HEAT_RATES, tableOf } from '#tests/unit/gates/good-table.ts';
import { MUTATIONS } from '#tests/unit/gates/mutations.ts';

const python = process.env.AURUM_PYTHON ?? '';
const reason = python === '' ? ' (skipped: AURUM_PYTHON is not set)' : '';
const families = [schema, business, tenor];

const staleRows = tableOf(goodRows(), '2025-09-11');
const jumpedRows = tableOf(goodRows(ASOF, 30), '2025-09-11');
const CASES: readonly { readonly name: string; readonly input: GateInput }[] = [
  { name: 'the good table', input: gateInput() },
  { name: 'nothing moved since the day before', input: { ...gateInput(), previous: staleRows } },
  { name: 'much moved since the day before', input: { ...gateInput(), previous: jumpedRows } },
  { name: 'no day before', input: { ...gateInput(), previous: undefined } },
  { name: 'no heat rate for one region', input: { ...gateInput(), heatRates: { EU: HEAT_RATES.EU } } },
  ...MUTATIONS,
];

const answerSchema = z.object({
  versions: z.object({ great_expectations: z.string(), pandas: z.string() }),
  cases: z.array(
    z.object({
      name: z.string(),
      suites: z.array(
        z.object({
          name: z.string(),
          results: z.record(
            z.string(),
            z.object({ success: z.boolean(), unexpected_count: z.number().nullable(), raised: z.boolean() }),
          ),
          differences: z.record(z.string(), z.union([z.number(), z.literal('infinite')])),
        }),
      ),
    }),
  ),
});

/** Columns by kind, each as a list of values; `_ingest_ts` is not among them before release. */
function columnsOf(batch: Batch, names: readonly string[]) {
  const texts: Record<string, unknown[]> = {};
  const numbers: Record<string, unknown[]> = {};
  for (const name of names) {
    const column: Column = batch.column(name)!;
    const values = Array.from({ length: batch.length }, (_, row) => valueAt(column, row));
    (column instanceof Float64Array ? numbers : texts)[name] = values;
  }
  return { texts, numbers };
}

function caseFor({ name, input }: (typeof CASES)[number]) {
  const canonical = batchOf(input.table, {});
  return {
    name,
    asof_date: input.table.asof_date,
    seasons: input.seasons,
    heat_rates: input.heatRates ?? {},
    parameters: input.parameters,
    ...columnsOf(canonical, canonical.names),
    suites: families.map((family: ExpectationFamily) => {
      const measures = family.measures(input);
      return { suite: family.suite, ...columnsOf(batchOf(input.table, measures), Object.keys(measures)) };
    }),
  };
}

async function askPython(): Promise<z.infer<typeof answerSchema>> {
  const script = join(import.meta.dirname, 'python', 'run_gx.py');
  const child = spawn(python, ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ cases: CASES.map(caseFor) }));
  return answerSchema.parse(JSON.parse(await text(child.stdout)));
}

describe.skipIf(python === '')(`the gate and Great Expectations${reason}`, () => {
  let answer: z.infer<typeof answerSchema>;
  beforeAll(async () => {
    answer = await askPython();
  });

  test('the real one answers, in the version the suites are written for', () => {
    expect(answer.versions.great_expectations).toMatch(/^1\.24\./);
    expect(answer.cases.map(({ name }) => name)).toEqual(CASES.map(({ name }) => name));
  });

  test.each(CASES.map(({ name, input }, index) => ({ name, input, index })))(
    '$name: equal verdict and count per expectation',
    ({ input, index }) => {
      for (const [at, ours] of runGate(input, families).suites.entries()) {
        const theirs = answer.cases[index]!.suites[at]!;
        const verdicts = ours.results.map(({ success, result, expectation_config, exception_info }) => [
          expectation_config.meta.notes,
          {
            success,
            unexpected_count: result.unexpected_count ?? null,
            raised: exception_info.raised_exception,
          },
        ]);
        expect(theirs.results).toEqual(Object.fromEntries(verdicts));
        expect(Object.keys(theirs.results).length).toBe(ours.results.length);
      }
    },
  );

  test('measures computed in pandas are ours to 1e-9', () => {
    const differences = answer.cases.flatMap(({ name, suites }) =>
      suites.flatMap((suite) =>
        Object.entries(suite.differences).map(([measure, difference]) => ({ name, measure, difference })),
      ),
    );
    const measured = new Set(differences.map(({ measure }) => measure));
    expect([...measured].sort()).toEqual([
      'identity_key',
      'mid_deviation',
      'months_after_asof',
      'months_since_previous',
      'spark_deviation',
      'strip_deviation',
    ]);
    expect(differences.filter(({ difference }) => difference === 'infinite' || difference > 1e-9)).toEqual(
      [],
    );
  });
});
