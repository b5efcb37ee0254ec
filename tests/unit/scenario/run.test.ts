import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { ForwardCurve } from '#lib/domain/driver.ts';
import { runScenario, type ScenarioResult } from '#lib/domain/scenario.ts';
import { bindScenario } from '#lib/domain/scenario-graph.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { assumption } from '#schemas/scenario.ts';
import { ASOF, gasCurve, NO_MARKET, powerCurve } from './base-curves.ts';

type Written = z.input<typeof assumption>;

function run(
  written: readonly Written[],
  curves: readonly ForwardCurve[] = [powerCurve([100])],
  part: object = {},
): ScenarioResult {
  const scenario = bindScenario(
    written.map((one) => assumption.parse(one)),
    drivers,
  );
  return runScenario({ scenario, curves, market: NO_MARKET, asof: ASOF, ...part });
}

const carbon = (id: string, change: number, part: Partial<Written> = {}): Written => ({
  id,
  driver: 'policy',
  parameters: {
    instrument: 'carbon_price',
    currency: 'USD',
    carbon_price_change: change,
    emission_intensity: 1,
  },
  ...part,
});
const cap = (id: string, price_cap: number, part: Partial<Written> = {}): Written => ({
  id,
  driver: 'policy',
  parameters: { instrument: 'price_cap', currency: 'USD', price_cap },
  ...part,
});
const floor = (id: string, price_floor: number, part: Partial<Written> = {}): Written => ({
  id,
  driver: 'policy',
  parameters: { instrument: 'price_floor', currency: 'USD', price_floor },
  ...part,
});
/** From January 2025 to the as-of month: one year of growth, dP = P x share. */
const growth = (id: string, share: number, part: Partial<Written> = {}): Written => ({
  id,
  driver: 'load_growth',
  parameters: { annual_growth: share, price_elasticity: 1, start: '2025-01' },
  ...part,
});

const prices = (result: ScenarioResult, curve = 0) => [...result.curves[curve]!.prices];
const shares = (result: ScenarioResult, curve = 0) =>
  Object.fromEntries(result.curves[curve]!.shares.map(({ id, change }) => [id, [...change]]));

describe('combination', () => {
  test('changes of the base curve add up: growth does not grow what carbon added', () => {
    const result = run([carbon('carbon', 10), growth('growth', 0.2)]);
    expect(prices(result)[0]).toBeCloseTo(130, 12);
    expect(shares(result).carbon![0]).toBe(10);
    expect(shares(result).growth![0]).toBeCloseTo(20, 12);
  });

  test('one that depends on another starts from the price it led to, and the interaction is halved', () => {
    const result = run([carbon('carbon', 10), growth('growth', 0.2, { depends_on: ['carbon'] })]);
    // 110 x 1.2 = 132. Carbon alone 10, growth alone 20, together 32: 2 between them.
    expect(prices(result)[0]).toBeCloseTo(132, 12);
    expect(shares(result).carbon![0]).toBeCloseTo(11, 12);
    expect(shares(result).growth![0]).toBeCloseTo(21, 12);
  });

  test('dependence reaches through: what the other depends on is in the price as well', () => {
    const result = run([
      carbon('a', 10),
      growth('b', 0.1, { depends_on: ['a'] }),
      growth('c', 0.1, { depends_on: ['b'] }),
    ]);
    expect(prices(result)[0]).toBeCloseTo(100 + 10 + 11 + 12.1, 12);
  });

  test('a cap holds for the price that all others lead to', () => {
    const result = run([carbon('carbon', 30), growth('growth', 0.2), cap('cap', 120)]);
    expect(prices(result)).toEqual([120]);
    // Of each order of arrival what the one adds: carbon 30 (first, or after growth), 20 (cap first), 0 (cap and growth there).
    // Orders: carbon first 2, after growth 1, after the cap 1, last 2; growth 20, 20, 20, 0; the cap 0, -10, 0, -30.
    expect(shares(result).carbon![0]).toBeCloseTo(10 + 5 + 20 / 6, 12);
    expect(shares(result).growth![0]).toBeCloseTo(20 / 3 + 20 / 6 + 20 / 6, 12);
    expect(shares(result).cap![0]).toBeCloseTo((1 / 6) * -10 + (2 / 6) * -30, 12);
  });

  test('a cap that says it depends on nothing limits the base alone, and what depends on a cap comes on top', () => {
    expect(prices(run([carbon('carbon', 30), cap('cap', 90, { depends_on: [] })]))).toEqual([120]);
    expect(prices(run([cap('cap', 90), carbon('carbon', 30, { depends_on: ['cap'] })]))).toEqual([120]);
  });

  test('of two caps the lower one holds, once; cap and floor hold together', () => {
    expect(prices(run([cap('a', 90), cap('b', 80)]))).toEqual([80]);
    expect(prices(run([cap('b', 90), cap('a', 80)]))).toEqual([80]);
    const both = [floor('floor', 60), cap('cap', 90)];
    const curve = powerCurve([50, 75, 95]);
    expect(prices(run(both, [curve]))).toEqual([60, 75, 90]);
    expect(prices(run([growth('growth', -0.5), ...both], [curve]))).toEqual([60, 60, 60]);
  });

  test('caps and floors hold to the last bit, whatever rounding does to the sum of the changes', () => {
    let draw = 20_260_115;
    const random = () => {
      draw = (draw * 48_271) % 2_147_483_647;
      return draw / 2_147_483_647;
    };
    const curve = powerCurve(Array.from({ length: 600 }, () => 20 + 100 * random()));
    const { months } = curve;
    const applies_to = { from: months[100]!, to: months[499]! };
    const others = [carbon('carbon', 7.3), growth('growth', 0.137), carbon('less', -3.1, { applies_to })];
    const both = [floor('floor', 43.3), cap('cap', 60.1)];
    const said = cap('cap', 60.1, { depends_on: others.map(({ id }) => id) });
    for (const [written, low, high] of [
      [[...others, ...both], 43.3, 60.1],
      [[...others, cap('cap', 60.1)], Number.NEGATIVE_INFINITY, 60.1],
      [[...others, floor('floor', 43.3)], 43.3, Number.POSITIVE_INFINITY],
      [[...others, said], Number.NEGATIVE_INFINITY, 60.1],
    ] as const) {
      const result = run(written, [curve]);
      const { base, shares: parts } = result.curves[0]!;
      for (const [month, price] of prices(result).entries()) {
        expect(price).toBeGreaterThanOrEqual(low);
        expect(price).toBeLessThanOrEqual(high);
        const sum = parts.reduce((total, { change }) => total + change[month]!, 0);
        expect(Math.abs(sum - (price - base.prices[month]!))).toBeLessThan(1e-9);
      }
      expect(prices(result)).toContain(high === 60.1 ? 60.1 : 43.3);
    }
  });

  test('a cap of some months leaves the others alone', () => {
    const some = cap('cap', 60, { applies_to: { from: '2026-02', to: '2026-02' } });
    expect(prices(run([carbon('carbon', 5), some], [powerCurve([80, 80, 80])]))).toEqual([85, 60, 85]);
  });

  test('a floor above a cap is refused with curve and month', () => {
    expect(() => run([floor('floor', 130), cap('cap', 90)])).toThrow(
      expect.objectContaining({
        code: 'limits_conflict',
        message: expect.stringContaining('power PJM West ON_PEAK in 2026-01'),
      }),
    );
  });
});

describe('where an assumption holds', () => {
  const on = powerCurve([100, 100, 100]);
  const off = powerCurve([60, 60, 60], { block: 'OFF_PEAK' });

  test('months from and to, inclusive, and any field of the identity in any case', () => {
    const applies_to = { from: '2026-02', to: '2026-02-01', block: 'on_peak', iso: ['ERCOT', 'pjm'] };
    const result = run([carbon('carbon', 5, { applies_to })], [on, off]);
    const of = (curve: ForwardCurve) => result.curves.find(({ base }) => base.curve_key === curve.curve_key)!;
    expect([...of(on).prices]).toEqual([100, 105, 100]);
    expect([...of(off).prices]).toEqual([60, 60, 60]);
    expect(of(off).shares).toEqual([]);
    expect(result.notes).toEqual([]);
  });

  test('one that holds for nothing in the run is noted', () => {
    const result = run([carbon('texas', 5, { applies_to: { iso: 'ERCOT' } })], [on]);
    expect(result.notes).toEqual(['"texas" holds for no curve and month of the run']);
    expect(prices(result)).toEqual([100, 100, 100]);
  });

  test('a window narrows the months', () => {
    const result = run([carbon('carbon', 5)], [on], { from: '2026-02-01', to: '2026-03-01' });
    expect(result.curves[0]!.base.months).toEqual(['2026-02-01', '2026-03-01']);
    expect(prices(result)).toEqual([105, 105]);
  });

  test('a cap on another curve does not join what is apart', () => {
    const applies_to = { block: 'ON_PEAK' };
    const many = Array.from({ length: 14 }, (_, index) => carbon(`c${index}`, 1, { applies_to }));
    const elsewhere = cap('cap', 10, { applies_to: { block: 'OFF_PEAK' } });
    expect(prices(run([...many, elsewhere], [on]))).toEqual([114, 114, 114]);
  });
});

describe('shares', () => {
  const level = fc.integer({ min: -50_007, max: 50_007 }).map((part) => part / 1_000.3);
  const scenarios = fc
    .array(fc.tuple(fc.constantFrom('carbon', 'growth', 'cap', 'floor'), level, fc.nat(5)), {
      minLength: 1,
      maxLength: 7,
    })
    .map((parts) =>
      parts.map(([kind, amount, before], index): Written => {
        const id = `a${index}`;
        const part = index > 0 && before < index ? { depends_on: [`a${before}`] } : {};
        if (kind === 'carbon') return carbon(id, amount, part);
        if (kind === 'growth') return growth(id, amount / 100, part);
        return kind === 'cap' ? cap(id, 130 + amount, part) : floor(id, 20 + amount, part);
      }),
    );
  const curve = powerCurve([100, 5, -20, 179.37]);

  test('sum to the change to 1e-9, and the bits do not depend on the order written', () => {
    fc.assert(
      fc.property(scenarios, fc.nat(), (written, turn) => {
        const result = run(written, [curve]);
        const { base, prices: after, shares: parts } = result.curves[0]!;
        for (const month of base.months.keys()) {
          const sum = parts.reduce((total, { change }) => total + change[month]!, 0);
          expect(Math.abs(sum - (after[month]! - base.prices[month]!))).toBeLessThan(1e-9);
        }
        const at = turn % written.length;
        const turned = [...written.slice(at), ...written.slice(0, at)].reverse();
        const again = run(turned, [curve]);
        expect(again.scenario_hash).toBe(result.scenario_hash);
        expect([...again.curves[0]!.prices]).toEqual([...after]);
        expect(again.curves[0]!.shares).toEqual(parts);
      }),
      { numRuns: 100 },
    );
  });

  test('who changes nothing has no share, and two alike have the same', () => {
    const result = run([carbon('a', 0), carbon('b', 30), carbon('c', 30), cap('cap', 120)]);
    expect(shares(result).a).toEqual([0]);
    expect(shares(result).b![0]).toBeCloseTo(shares(result).c![0]!, 12);
  });

  test('twelve that depend on each other are divided, thirteen are refused by name', () => {
    const chain = (length: number) => [
      ...Array.from({ length: length - 1 }, (_, index) => carbon(`c${index}`, index)),
      cap('cap', 120),
    ];
    const { shares: parts } = run(chain(12)).curves[0]!;
    expect(parts.reduce((sum, { change }) => sum + change[0]!, 0)).toBeCloseTo(20, 9);
    expect(() => run(chain(13))).toThrow(expect.objectContaining({ code: 'attribution_too_large' }));
  });

  test('no assumption changes the input', () => {
    const frozen = Object.freeze({ ...curve, prices: Object.freeze([...curve.prices]) });
    run([carbon('a', 5), growth('b', 0.1), cap('cap', 90)], [frozen]);
    expect(frozen.prices).toEqual(curve.prices);
  });
});

describe('bad input', () => {
  test.each([
    ['no curve', [], {}, 'scenario_curve_missing', 'no curve matches'],
    ['a curve twice', [powerCurve([1]), powerCurve([2])], {}, 'scenario_curve_repeated', 'PJM West'],
    [
      'a gap',
      [{ ...powerCurve([1, 2]), months: ['2026-01-01', '2026-03-01'] }],
      {},
      'scenario_month_missing',
      'power PJM West ON_PEAK has no price for 2026-02',
    ],
    [
      'a month beyond the curve',
      [powerCurve([1])],
      { to: '2026-02-01' },
      'scenario_month_missing',
      '2026-02',
    ],
    [
      'an empty window',
      [powerCurve([1])],
      { from: '2026-03-01', to: '2026-02-01' },
      'window_empty',
      '2026-03',
    ],
    ['a curve without months', [powerCurve([])], {}, 'window_empty', 'has no month'],
    ['a price that is no number', [powerCurve([1, Number.NaN])], {}, 'price_not_finite', 'NaN in 2026-02'],
    ['a gas curve under a policy per MWh', [gasCurve([3])], {}, 'driver_unit_mismatch', 'per MMBtu'],
    ['a curve of unknown unit', [powerCurve([3], { currency: null })], {}, 'curve_unit_unknown', 'unit'],
    ['a curve in another currency', [powerCurve([3], { currency: 'EUR' })], {}, 'conversion_missing', 'USD'],
  ])('%s is refused by name', (_, curves, part, code, message) => {
    expect(() => run([carbon('carbon', 1)], curves as ForwardCurve[], part)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [{ from: '2190-01-01' }, 'window_empty', 'contract_from'],
    [{ from: '2025-12-01' }, 'scenario_month_missing', 'contract_from'],
    [{ to: '2026-03-01' }, 'scenario_month_missing', 'contract_to'],
    [{ to: '2025-12-01' }, 'window_empty', 'contract_to'],
    [{ from: '2190-01-01', to: '2190-02-01' }, 'scenario_month_missing', 'contract_from'],
  ])('a window beyond the curve is refused by the end that is: %o', (part, code, field) => {
    expect(() => run([carbon('carbon', 1)], [powerCurve([1, 2])], part)).toThrow(
      expect.objectContaining({
        code,
        place: { field },
        remedy: expect.stringContaining('2026-01 to 2026-02'),
      }),
    );
  });

  test('a price beyond all numbers is refused', () => {
    const elasticity = { annual_growth: 1, price_elasticity: 20, start: '1100-01' };
    const bomb: Written = { id: 'bomb', driver: 'load_growth', parameters: elasticity };
    expect(() => run([bomb], [powerCurve([1e60])])).toThrow(
      expect.objectContaining({ code: 'scenario_price_not_finite' }),
    );
  });
});

test('a parameter in another currency is converted by the rate given', () => {
  const scenario = bindScenario([assumption.parse(carbon('carbon', 10))], drivers);
  const rates = [{ base: 'EUR', quote: 'USD', rate: 1.25 }];
  const curve = powerCurve([40], { currency: 'EUR', units_raw: 'EUR/MWh' });
  const result = runScenario({ scenario, curves: [curve], market: { curves: [], rates }, asof: ASOF });
  expect(prices(result)[0]).toBeCloseTo(48, 12);
});
