import { describe, expect, test } from 'vitest';
import {
  bandCoverage,
  estimateModel,
  forwardVariance,
  heldOutCoverage,
} from '#lib/domain/simulation/calibration.ts';
import type { PriceDynamics, TwoFactorModel } from '#lib/domain/simulation/model.ts';
import { drawNormals, normalStream } from '#lib/domain/simulation/normals.ts';
import { curveMoves, type PriceHistory, weekdaysBetween } from '#lib/domain/simulation/price-history.ts';
import { streamSeed } from '#lib/domain/simulation/random-stream.ts';
import { addMonths } from '#lib/domain/tenor.ts';

const MODEL: TwoFactorModel = { sigma_short: 0.7, reversion_short: 1.8, sigma_long: 0.18, correlation: 0.25 };
const LOGNORMAL: PriceDynamics = { kind: 'lognormal' };

/** Weekdays from 2023-01-02 on. */
function weekdays(count: number): string[] {
  const days: string[] = [];
  for (let time = Date.parse('2023-01-02'); days.length < count; time += 86_400_000) {
    const date = new Date(time);
    if (date.getUTCDay() % 6 !== 0) days.push(date.toISOString().slice(0, 10));
  }
  return days;
}

/** Forward curves that move by the model, day by day, with noise on each price. */
function history(
  count: number,
  rest: { model?: TwoFactorModel; noise?: number; index?: number } = {},
): PriceHistory {
  const { model = MODEL, noise = 0, index = 0 } = rest;
  const days = weekdays(count);
  const months = Array.from({ length: 72 }, (_, month) => addMonths('2023-01-01', month));
  const stream = normalStream(streamSeed(99n, 'history', index), 2);
  const noises = normalStream(streamSeed(99n, 'noise', index), 72);
  const shocks = new Float64Array(2);
  const own = new Float64Array(72);
  const logs = new Float64Array(72).fill(Math.log(50));
  const prices = new Float64Array(count * 72).fill(Number.NaN);
  const step = 7 / 5 / 365;
  days.forEach((day, row) => {
    drawNormals(stream, shocks);
    drawNormals(noises, own);
    const short = shocks[0]!;
    const long = model.correlation * short + Math.sqrt(1 - model.correlation ** 2) * shocks[1]!;
    months.forEach((month, column) => {
      const years = (Date.parse(month) - Date.parse(day)) / 86_400_000 / 365;
      if (years <= 0 || years > 4) return;
      const fading = Math.exp(-model.reversion_short * years) * model.sigma_short;
      if (row > 0) logs[column]! += Math.sqrt(step) * (fading * short + model.sigma_long * long);
      prices[row * 72 + column] = Math.exp(logs[column]! + noise * own[column]!);
    });
  });
  return { days, months, prices };
}

describe('the clock', () => {
  test.each([
    ['2026-10-16', '2026-10-19', 1],
    ['2026-10-15', '2026-10-16', 1],
    ['2026-10-12', '2026-10-19', 5],
    ['2026-10-17', '2026-10-18', 0],
    ['2026-01-01', '2027-01-01', 261],
  ])('from %s to %s passes %d weekdays', (from, to, count) => {
    expect(weekdaysBetween(from, to)).toBe(count);
  });

  test('takes returns of contracts quoted on both days that have not begun', () => {
    const days = ['2026-10-30', '2026-11-02'];
    const months = ['2026-11-01', '2026-12-01', '2027-01-01', '2027-02-01'];
    const prices = Float64Array.of(40, 50, 60, 70, 41, 55, Number.NaN, 70);
    const [move] = curveMoves({ days, months, prices }, LOGNORMAL);
    expect([...move!.returns]).toEqual([expect.closeTo(Math.log(1.1), 14), 0]);
    expect(move!.years).toBeCloseTo(7 / 5 / 365, 14);
    expect([...curveMoves({ days, months, prices }, { kind: 'normal' })[0]!.returns]).toEqual([5, 0]);
  });
});

describe('an estimate from history', () => {
  test.each([
    ['without noise', 0],
    ['with noise on every price', 0.004],
  ])('finds the model within three of its standard errors: %s', (_, noise) => {
    const { model, standard_errors, moves, residual } = estimateModel(history(250, { noise }));
    expect(moves).toBe(249);
    for (const name of Object.keys(MODEL) as (keyof TwoFactorModel)[])
      expect(Math.abs(model[name] - MODEL[name])).toBeLessThan(3 * standard_errors[name] + 1e-4);
    // A return has the noise of two prices.
    expect(residual).toBeCloseTo(noise * Math.SQRT2, 3);
  });

  test('states errors of the right size: those of a volatility are its share 1 / sqrt(2 n)', () => {
    const { standard_errors } = estimateModel(history(250));
    const expected = MODEL.sigma_long / Math.sqrt(2 * 249);
    expect(standard_errors.sigma_long).toBeGreaterThan(expected / 2);
    expect(standard_errors.sigma_long).toBeLessThan(expected * 2);
  });

  test('of prices is the one of shifted prices, shifted', () => {
    const plain = history(120);
    const shifted = { ...plain, prices: plain.prices.map((price) => price - 80) };
    const { model } = estimateModel(shifted, { kind: 'shifted_lognormal', shift: 80 });
    const expected = estimateModel(plain).model;
    for (const name of Object.keys(MODEL) as (keyof TwoFactorModel)[])
      expect(model[name]).toBeCloseTo(expected[name], 6);
    expect(() => estimateModel(shifted)).toThrow(expect.objectContaining({ code: 'forward_not_positive' }));
    expect(estimateModel(shifted, { kind: 'normal' }).model.sigma_long).toBeGreaterThan(1);
  });

  test('of few days is refused, naming how many there are and are needed', () => {
    expect(() => estimateModel(history(59))).toThrow(
      expect.objectContaining({ code: 'history_too_short', message: expect.stringMatching(/59 days; 60/) }),
    );
    expect(estimateModel(history(60)).days).toBe(60);
  });

  test('of few months is refused', () => {
    const { days } = history(80);
    const months = ['2024-01-01', '2024-02-01'];
    const narrow = { days, months, prices: new Float64Array(160).fill(50) };
    expect(() => estimateModel(narrow)).toThrow(expect.objectContaining({ code: 'history_too_narrow' }));
  });

  test('of days out of order is refused', () => {
    const plain = history(80);
    const days = plain.days.with(7, plain.days[6]!);
    expect(() => estimateModel({ ...plain, days })).toThrow(
      expect.objectContaining({ code: 'history_refused', place: { field: 'history.days[7]' } }),
    );
  });

  test('of prices that never move has no volatility', () => {
    const still = history(80, { model: { ...MODEL, sigma_short: 0, sigma_long: 0 } });
    expect(estimateModel(still).model).toMatchObject({ sigma_short: 0, sigma_long: 0, correlation: 0 });
  });
});

describe('coverage on held-out days', () => {
  const long = history(560, { index: 1 });
  const { days, months, prices } = long;
  const learned = { days: days.slice(0, 160), months, prices: prices.slice(0, 160 * 72) };

  test.each([1, 5])('of the band at 0.9 is 0.9 to three binomial errors, %d days ahead', (horizon) => {
    const report = bandCoverage(long, estimateModel(learned).model, { first: 160, horizon });
    expect(report.moves).toBe(Math.floor(399 / horizon));
    expect(report.from).toBe(days[160]);
    expect(report.binomial_error).toBeCloseTo(Math.sqrt(0.09 / report.moves), 12);
    expect(Math.abs(report.coverage - 0.9)).toBeLessThan(3 * report.binomial_error);
  });

  test('shows a model that is too calm, and one that is too wild', () => {
    const calm = { ...MODEL, sigma_short: 0.35, sigma_long: 0.09 };
    expect(bandCoverage(long, calm, { first: 160 }).coverage).toBeLessThan(0.7);
    const wild = { ...MODEL, sigma_short: 1.4, sigma_long: 0.36 };
    expect(bandCoverage(long, wild, { first: 160 }).coverage).toBeGreaterThan(0.98);
  });

  test('needs days', () => {
    expect(() => bandCoverage(long, MODEL, { first: 559 })).toThrow(
      expect.objectContaining({ code: 'history_too_short' }),
    );
  });
});

describe('coverage by the later days of a model of the earlier ones', () => {
  test('is near 0.90 where the prices move by the model, and says what it is of', () => {
    const past = history(600);
    const report = heldOutCoverage(past);
    expect(report).toMatchObject({ level: 0.9, moves: 150, from: past.days[449], to: past.days[599] });
    expect(report.binomial_error).toBeCloseTo(Math.sqrt(0.09 / 150), 12);
    expect(Math.abs(report.coverage - 0.9)).toBeLessThan(3 * report.binomial_error);
  });

  test('falls when the later days are wilder, which the model cannot know', () => {
    const calm = history(600);
    const prices = calm.prices.slice();
    const moved = (row: number, column: number) => prices[row * 72 + column]!;
    // Moves of the last quarter three times as large, each from the day before as it is now.
    for (let row = 450; row < 600; row++) {
      for (let column = 0; column < 72; column++) {
        const move = Math.log(calm.prices[row * 72 + column]! / calm.prices[(row - 1) * 72 + column]!);
        prices[row * 72 + column] = moved(row - 1, column) * Math.exp(3 * move);
      }
    }
    expect(heldOutCoverage({ ...calm, prices }).coverage).toBeLessThan(0.6);
  });

  test('needs 60 days to estimate from and 20 to hold out, and names those there are', () => {
    expect(heldOutCoverage(history(80))).toMatchObject({ moves: 20 });
    expect(() => heldOutCoverage(history(79))).toThrowError(
      expect.objectContaining({
        code: 'history_too_short',
        message: 'The history has 79 days; 80 are needed of which 20 to hold out',
      }),
    );
  });
});

test('the variance of a forward until its delivery is what the simulation gives the month', () => {
  const { sigma_short, reversion_short: speed, sigma_long, correlation } = MODEL;
  const years = 1.7;
  const expected =
    (sigma_short ** 2 * (1 - Math.exp(-2 * speed * years))) / (2 * speed) +
    (2 * correlation * sigma_short * sigma_long * (1 - Math.exp(-speed * years))) / speed +
    sigma_long ** 2 * years;
  expect(forwardVariance(MODEL, years, years)).toBeCloseTo(expected, 13);
});
