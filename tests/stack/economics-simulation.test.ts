/**
 * The simulation against a second one in Python (NumPy, SciPy): generator, model, quantiles, closed forms. Needs
 * `AURUM_PYTHON`, an interpreter with both.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { black76, kirkSpreadCall, normalCdf } from '#lib/domain/simulation/closed-forms.ts';
import type { EnsembleRequest } from '#lib/domain/simulation/model.ts';
import { drawBits, streamSeed } from '#lib/domain/simulation/random-stream.ts';
import { forEachBlock, simulate } from '#lib/domain/simulation/run.ts';
import { MODEL, request } from '#tests/unit/simulation/requests.ts';

const python = process.env.AURUM_PYTHON ?? '';
const reason = python === '' ? ' (skipped: AURUM_PYTHON is not set)' : '';

const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95];
const PATHS = 200_000;
const MONTHS = 18;

const STREAMS = [
  { seed: '0', purpose: '', index: 0 },
  { seed: '18446744073709551615', purpose: 'ppa valuation', index: 39 },
  { seed: '42', purpose: 'Käse "/volume"', index: 1_000_000 },
].map((name) => ({ ...name, count: 20 }));

const dynamics = { kind: 'shifted_lognormal', shift: 40 } as const;
const absolute = { ...MODEL, sigma_short: 25, sigma_long: 6 };
const ENSEMBLES = (
  [
    { name: 'lognormal', asked: request({}, MONTHS) },
    { name: 'shifted', asked: request({ dynamics }, MONTHS) },
    { name: 'normal', asked: request({ dynamics: { kind: 'normal' }, model: absolute }, MONTHS) },
    { name: 'no reversion', asked: request({ model: { ...MODEL, reversion_short: 0 } }, MONTHS) },
  ] satisfies { name: string; asked: EnsembleRequest }[]
).map(({ name, asked }) => ({ name, asked: { ...asked, paths: PATHS } }));

const OPTIONS = [0.05, 0.3, 1.2].flatMap((deviation) =>
  [30, 50, 90].flatMap((strike) =>
    (['call', 'put'] as const).map((kind) => ({
      kind,
      forward: 50,
      strike,
      deviation,
      discount_factor: 0.93,
    })),
  ),
);
const SPREADS = [-0.5, 0, 0.5, 0.95].flatMap((correlation) =>
  [0.1, 0.5, 3].map((years) => ({
    forward_1: 122,
    forward_2: 120,
    strike: 3,
    volatility_1: 0.2,
    volatility_2: 0.25,
    correlation,
    years,
    rate: 0.1,
  })),
);
const NORMAL = Array.from({ length: 161 }, (_, index) => (index - 80) / 10);
const BANDS = [7, 1_000].map((paths) => request({ paths }, 3));

const numbers = z.array(z.number());
const answerSchema = z.object({
  philox: z.array(z.string()),
  streams: z.array(z.array(z.string())),
  models: z.array(
    z.object({
      mean: numbers,
      mean_error: numbers,
      quantiles: z.array(numbers),
      correlation: z.array(numbers),
    }),
  ),
  quantiles: z.array(numbers),
  options: numbers,
  spreads: numbers,
  normal: numbers,
});

/** Prices of all paths in a month. */
function pricesOf(asked: EnsembleRequest, month: number): number[] {
  const prices: number[] = [];
  forEachBlock(asked, (block) => {
    const first = month * block.stride;
    prices.push(...block.prices.subarray(first, first + block.paths));
  });
  return prices;
}

async function askPython(): Promise<z.infer<typeof answerSchema>> {
  const script = join(import.meta.dirname, 'oracle', 'simulation_oracle.py');
  const child = spawn(python, ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const models = ENSEMBLES.map(({ asked: { asof, months, forward, model, dynamics: kind, paths } }) => ({
    ...{ asof, months, model, paths, levels: LEVELS },
    forward: [...forward],
    dynamics: kind ?? { kind: 'lognormal' },
  }));
  const quantiles = BANDS.map((asked) => ({ values: pricesOf(asked, 2), levels: LEVELS }));
  const question = {
    models,
    quantiles,
    streams: STREAMS,
    options: OPTIONS,
    spreads: SPREADS,
    normal: NORMAL,
  };
  child.stdin.end(JSON.stringify(question));
  return answerSchema.parse(JSON.parse(await text(child.stdout)));
}

function correlation(left: readonly number[], right: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(left), mean(right)];
  const product = (first: readonly number[], second: readonly number[]) =>
    mean(first.map((value, index) => (value - a) * (second[index]! - b)));
  const spread = (values: readonly number[], middle: number) =>
    Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  return product(left, right) / spread(left, a) / spread(right, b);
}

describe.skipIf(python === '')(`the simulation and its second implementation${reason}`, () => {
  let answer: z.infer<typeof answerSchema>;
  beforeAll(async () => {
    answer = await askPython();
  });

  test('NumPy draws as the known answers of Random123 say', () => {
    expect(answer.philox).toEqual([
      '16554d9eca36314c',
      'db20fe9d672d0fdc',
      'd7e772cee186176b',
      '7e68b68aec7ba23b',
    ]);
  });

  test('streams have the same bits', () => {
    const ours = STREAMS.map(({ seed, purpose, index, count }) => {
      const bits = new Int32Array(2 * count);
      drawBits(streamSeed(BigInt(seed), purpose, index), bits);
      return [...new BigUint64Array(bits.buffer)].map(String);
    });
    expect(ours).toEqual(answer.streams);
  });

  test.each(ENSEMBLES.map((each, index) => ({ ...each, index })))(
    'means, bands and correlation of months agree within standard errors: $name',
    ({ asked, index }) => {
      const { mean, mean_standard_error, bands } = simulate({ request: asked, bands: LEVELS });
      const theirs = answer.models[index]!;
      for (let month = 0; month < MONTHS; month++) {
        const error = Math.hypot(mean_standard_error[month]!, theirs.mean_error[month]!);
        expect(Math.abs(mean[month]! - theirs.mean[month]!)).toBeLessThan(4.5 * error);
        LEVELS.forEach((level, at) => {
          // Standard error of both quantiles from the price's slope between neighbouring levels.
          const quantile = theirs.quantiles[at]![month]!;
          const spread = theirs.quantiles[4]![month]! - theirs.quantiles[0]![month]!;
          const tolerance = 4.5 * Math.sqrt((2 * level * (1 - level)) / PATHS) * 4 * spread;
          expect(Math.abs(bands!.quantiles[at]![month]! - quantile)).toBeLessThan(tolerance);
        });
      }
      const [early, late] = [3, 14].map((month) =>
        pricesOf(asked, month).map((price) => toDeviation(asked, price)),
      );
      const expected = theirs.correlation[3]![14]!;
      const error = (1 - expected ** 2) * Math.sqrt(2 / PATHS);
      expect(Math.abs(correlation(early!, late!) - expected)).toBeLessThan(4.5 * error);
    },
  );

  test('quantiles of kept paths are NumPy’s', () => {
    BANDS.forEach((asked, index) => {
      const { quantiles } = simulate({ request: asked, bands: LEVELS }).bands!;
      LEVELS.forEach((_, at) => {
        expect(quantiles[at]![2]).toBeCloseTo(answer.quantiles[index]![at]!, 10);
      });
    });
  });

  test('closed forms are SciPy’s', () => {
    OPTIONS.forEach((option, index) => {
      expect(black76(option)).toBeCloseTo(answer.options[index]!, 10);
    });
    SPREADS.forEach((spread, index) => {
      expect(kirkSpreadCall(spread)).toBeCloseTo(answer.spreads[index]!, 10);
    });
    NORMAL.forEach((x, index) => {
      expect(Math.abs(normalCdf(x) - answer.normal[index]!)).toBeLessThan(2e-15);
    });
  });
});

/** What the price is linear in: its log where shocks are relative. */
function toDeviation({ dynamics: of }: EnsembleRequest, price: number): number {
  if (of?.kind === 'normal') return price;
  return Math.log(price + (of?.kind === 'shifted_lognormal' ? of.shift : 0));
}
