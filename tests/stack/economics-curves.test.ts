/**
 * Calendars, curve building, discounting and conversion against a second implementation in Python (numpy, scipy, zoneinfo) on
 * random cases with a fixed seed. Needs `AURUM_PYTHON`, an interpreter with numpy and scipy.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dateOfDay, dayNumber } from '#lib/domain/calendar/days.ts';
import { blockHours, marketCalendar } from '#lib/domain/calendar/market-calendar.ts';
import type { ForwardContract } from '#lib/domain/contract-set.ts';
import { convertPrice } from '#lib/domain/conversion.ts';
import { bootstrapMonths } from '#lib/domain/curve-bootstrap.ts';
import {
  type Compounding,
  type DayCount,
  type Discounting,
  discountFactor,
} from '#lib/domain/discounting.ts';
import { smoothDays } from '#lib/domain/smooth-curve.ts';
import { addMonths } from '#lib/domain/tenor.ts';

const python = process.env.AURUM_PYTHON ?? '';
const reason = python === '' ? ' (skipped: AURUM_PYTHON is not set)' : '';
const SEED = 20_251_123;
const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { seed: SEED, numRuns: count });

const price = fc.double({ min: -60, max: 300, noNaN: true });
const dates = (most: number) =>
  fc
    .tuple(
      fc.integer({ min: dayNumber('2000-01-01'), max: dayNumber('2045-01-01') }),
      fc.integer({ min: 1, max: most }),
    )
    .map(([from, length]) => ({ from: dateOfDay(from), to: dateOfDay(from + length) }));

const SIXTEEN = ['PJM', 'NYISO', 'ISONE', 'MISO', 'ERCOT', 'SPP', 'CAISO', 'AESO', 'IESO'];
const TWELVE = ['EEX', 'UK'];
const GAS = ['GAS_EU', 'GAS_UK', 'GAS_US'];
const hourCases = sample(
  fc.record({
    place: fc.oneof(
      fc.record({
        calendar: fc.constantFrom(...SIXTEEN),
        block: fc.constantFrom('ATC', 'ON_PEAK', 'OFF_PEAK', '5x16', '6x16', '2x16', '1x16', '7x16', '7x8'),
      }),
      fc.record({
        calendar: fc.constantFrom(...TWELVE),
        block: fc.constantFrom('ATC', 'ON_PEAK', 'OFF_PEAK'),
      }),
      fc.record({ calendar: fc.constantFrom(...GAS), block: fc.constant('ATC') }),
    ),
    period: dates(400),
  }),
  150,
).map(({ place, period }) => ({ ...place, ...period }));

/** Consecutive contracts of 1 to 12 months, some of them one long year that a month within it cuts up. */
const contracts: fc.Arbitrary<ForwardContract[]> = fc
  .record({
    first: fc.integer({ min: 0, max: 60 }),
    parts: fc.array(fc.record({ months: fc.integer({ min: 1, max: 12 }), price, gap: fc.boolean() }), {
      minLength: 2,
      maxLength: 10,
    }),
    inner: fc.boolean(),
  })
  .map(({ first, parts, inner }) => {
    let from = addMonths('2026-01-01', first);
    const made = parts.map((part, index) => {
      const to = addMonths(from, part.months);
      const contract = { name: `c${index}`, from, to, price: part.price };
      from = part.gap && index % 3 === 1 ? addMonths(to, 2) : to;
      return contract;
    });
    const long = made.find((_, index) => parts[index]!.months >= 4);
    if (!inner || long === undefined) return made;
    const start = addMonths(long.from, 1);
    return [...made, { name: 'inner', from: start, to: addMonths(start, 2), price: long.price * 1.1 + 1 }];
  });

const smoothCases = sample(fc.record({ contracts, shaped: fc.boolean() }), 80).map(
  ({ contracts: quotes, shaped }) => {
    const first = dayNumber(quotes.map(({ from }) => from).sort()[0]!);
    const length =
      dayNumber(
        quotes
          .map(({ to }) => to)
          .sort()
          .at(-1)!,
      ) - first;
    const series = (of: (day: number) => number) => Array.from({ length }, (_, index) => of(first + index));
    return {
      contracts: quotes,
      first,
      multiplicative: series((day) => (shaped ? 1 + 0.1 * Math.sin(day) : 1)),
      additive: series((day) => (shaped ? day % 7 : 0)),
      weight: series((day) => (shaped ? 1 + (day % 4) : 1)),
    };
  },
);
const bootstrapCases = sample(contracts, 60).map((quotes) => ({ contracts: quotes }));

const terms = {
  compounding: fc.constantFrom<Compounding>(
    'annual',
    'semiannual',
    'quarterly',
    'monthly',
    'continuous',
    'simple',
  ),
  day_count: fc.constantFrom<DayCount>('ACT/365F', 'ACT/360', '30/360', 'ACT/ACT ISDA'),
};
const rate = fc.double({ min: -0.02, max: 0.2, noNaN: true });
const discountCases = sample(
  fc.record({
    period: dates(7000),
    flat: fc.record({ kind: fc.constant('flat' as const), rate, ...terms }),
    offsets: fc.uniqueArray(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 }),
    rates: fc.array(rate, { minLength: 8, maxLength: 8 }),
    curved: fc.boolean(),
  }),
  200,
).map(({ period, flat, offsets, rates, curved }): { from: string; to: string; discounting: Discounting } => {
  if (!curved) return { ...period, discounting: flat };
  const start = dayNumber(period.from);
  const points = offsets.map((offset, index) => ({ date: dateOfDay(start + offset), rate: rates[index]! }));
  const { compounding, day_count } = flat;
  return {
    ...period,
    discounting: { kind: 'curve', points, compounding, day_count, extrapolation: 'flat_forward' },
  };
});

const unit = fc.record({
  currency: fc.constantFrom('EUR', 'USD', 'GBP', 'GBp'),
  per_unit: fc.constantFrom('MWh', 'kWh', 'GJ', 'therm', 'MMBtu', 'Dth'),
});
const convertCases = sample(fc.record({ value: price, from: unit, to: unit }), 100).map((one) => ({
  ...one,
  eur_usd: 1.171875,
  eur_gbp: 0.8671875,
}));
const fx = [
  { base: 'EUR', quote: 'USD', rate: 1.171875 },
  { base: 'EUR', quote: 'GBP', rate: 0.8671875 },
  { base: 'GBP', quote: 'USD', rate: 1.171875 / 0.8671875 },
];

const answerSchema = z.object({
  hours: z.array(z.number()),
  bootstrap: z.array(z.record(z.string(), z.number())),
  smooth: z.array(z.array(z.number())),
  discount: z.array(z.number()),
  convert: z.array(z.number()),
});

async function askPython(): Promise<z.infer<typeof answerSchema>> {
  const script = join(import.meta.dirname, 'oracle', 'curves_oracle.py');
  const child = spawn(python, ['-W', 'error', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const cases = {
    hours: hourCases,
    bootstrap: bootstrapCases,
    smooth: smoothCases,
    discount: discountCases,
    convert: convertCases,
  };
  child.stdin.end(JSON.stringify(cases));
  return answerSchema.parse(JSON.parse(await text(child.stdout)));
}

/** Largest distance between ours and theirs, beside the size of the number where that is above 1. */
const distance = (ours: ArrayLike<number>, theirs: readonly number[]): number =>
  Math.max(0, ...theirs.map((value, index) => Math.abs(value - ours[index]!) / Math.max(1, Math.abs(value))));

describe.skipIf(python === '')(`curves and money beside numpy and scipy${reason}`, () => {
  let answer: z.infer<typeof answerSchema>;
  beforeAll(async () => {
    answer = await askPython();
  });

  test(`hours of ${hourCases.length} periods, exactly`, () => {
    const ours = hourCases.map(({ calendar, block, from, to }) =>
      blockHours(marketCalendar(calendar), block, from, to),
    );
    expect(ours).toEqual(answer.hours);
  });

  test(`months of ${bootstrapCases.length} sets of contracts, to 1e-9`, () => {
    const days = (from: string, to: string) => dayNumber(to) - dayNumber(from);
    bootstrapCases.forEach((one, index) => {
      const ours = bootstrapMonths(one.contracts, days);
      const theirs = answer.bootstrap[index]!;
      expect(ours.map(({ month }) => month)).toEqual(Object.keys(theirs).sort());
      expect(
        distance(
          ours.map((month) => month.price),
          ours.map(({ month }) => theirs[month]!),
        ),
      ).toBeLessThan(1e-9);
    });
  });

  test(`${smoothCases.length} smooth curves, day by day, to 1e-7`, () => {
    const distances = smoothCases.map(({ contracts: quotes, first, ...shape }, index) => {
      const at = (values: readonly number[]) => (date: string) => values[dayNumber(date) - first]!;
      const { prices } = smoothDays(quotes, {
        multiplicative: at(shape.multiplicative),
        additive: at(shape.additive),
        weight: at(shape.weight),
      });
      expect(prices).toHaveLength(answer.smooth[index]!.length);
      return distance(prices, answer.smooth[index]!);
    });
    expect(Math.max(...distances)).toBeLessThan(1e-7);
  });

  test(`${discountCases.length} discount factors, to 1e-12`, () => {
    const ours = discountCases.map(({ discounting, from, to }) => discountFactor(discounting, from, to));
    expect(distance(ours, answer.discount)).toBeLessThan(1e-12);
  });

  test(`${convertCases.length} prices in other terms, to 1e-12`, () => {
    const ours = convertCases.map(({ value, from, to }) => convertPrice(value, from, to, fx));
    expect(distance(ours, answer.convert)).toBeLessThan(1e-12);
  });
});
