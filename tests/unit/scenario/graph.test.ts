import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { bindScenario } from '#lib/domain/scenario-graph.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { assumption, scenarioCreate } from '#schemas/scenario.ts';

type Written = z.input<typeof assumption>;
const growth = (id: string, part: Partial<Written> = {}): Written => ({
  id,
  driver: 'load_growth',
  parameters: { annual_growth: 0.01, price_elasticity: 1 },
  ...part,
});
const bind = (...written: Written[]) =>
  bindScenario(
    written.map((one) => assumption.parse(one)),
    drivers,
  );
const hashOf = (...written: Written[]) => bind(...written).scenario_hash;

describe('hash', () => {
  test('is of what is meant: order, defaults, lists and the form of months do not show', () => {
    const applies_to = { iso: ['PJM', 'ERCOT'], from: '2026-01' };
    const said = { iso: ['ERCOT', 'PJM', 'PJM'], from: '2026-01-01' };
    const one = hashOf(growth('a', { applies_to }), growth('b', { depends_on: ['a'] }));
    expect(
      hashOf(growth('b', { depends_on: ['a', 'a'], version: 1 }), growth('a', { applies_to: said })),
    ).toBe(one);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });

  test('shows every difference that could change a number', () => {
    const hashes = [
      hashOf(growth('a')),
      hashOf(growth('b')),
      hashOf(growth('a', { depends_on: [] })),
      hashOf(growth('a', { applies_to: { iso: 'PJM' } })),
      hashOf(growth('a', { parameters: { annual_growth: 0.010000000000000002, price_elasticity: 1 } })),
      hashOf(growth('a'), growth('b')),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('stored assumptions are complete and bind to the same scenario again', () => {
    const scenario = bind(
      growth('a', { parameters: { annual_growth: 0.01, price_elasticity: 1, start: '2026-01' } }),
    );
    const stored = scenario.assumptions.map((one) => one.stored);
    expect(stored).toEqual([
      {
        id: 'a',
        driver: 'load_growth',
        version: 1,
        parameters: { annual_growth: 0.01, price_elasticity: 1, start: '2026-01-01' },
        applies_to: {},
      },
    ]);
    expect(bind(...(stored as Written[])).scenario_hash).toBe(scenario.scenario_hash);
  });
});

test('curves a driver reads are known before it runs', () => {
  const of = { curve_key: 'a'.repeat(64), asof: '2025-12-15' };
  const gas: Written = {
    id: 'gas',
    driver: 'fuel_curve',
    parameters: { fuel_move: { kind: 'relative', change: 0.1, of }, heat_rate: 7, marginal_share: 1 },
  };
  expect(bind(gas, growth('a')).needs).toEqual([of]);
  const inside = { steps: [{ driver: gas.driver, parameters: gas.parameters }] };
  expect(bind({ id: 'all', driver: 'composite', parameters: inside }).needs).toEqual([of]);
});

describe('refused, with the field', () => {
  test.each([
    [
      'an unknown driver',
      [growth('a'), growth('b', { driver: 'weather' })],
      'driver_unknown',
      'assumptions.1.driver',
    ],
    ['another version', [growth('a', { version: 2 })], 'driver_version_unknown', 'assumptions.0.version'],
    ['a name twice', [growth('a'), growth('a')], 'assumption_repeated', 'assumptions.1.id'],
    [
      'a dependency that is not there',
      [growth('a', { depends_on: ['b'] })],
      'dependency_unknown',
      'assumptions.0.depends_on',
    ],
    ['itself', [growth('a', { depends_on: ['a'] })], 'dependency_cycle', 'assumptions.0.depends_on'],
    [
      'a circle',
      [
        growth('a', { depends_on: ['b'] }),
        growth('b', { depends_on: ['c'] }),
        growth('c', { depends_on: ['a'] }),
      ],
      'dependency_cycle',
      'assumptions.0.depends_on',
    ],
    [
      'an empty window',
      [growth('a', { applies_to: { from: '2027-01', to: '2026-12' } })],
      'window_empty',
      'assumptions.0.applies_to.to',
    ],
    [
      'a parameter out of its domain',
      [growth('a'), growth('b', { parameters: { annual_growth: 3, price_elasticity: 1 } })],
      'driver_parameters_invalid',
      'assumptions.1.parameters.annual_growth',
    ],
  ])('%s', (_, written, code, field) => {
    expect(() => bind(...written)).toThrow(expect.objectContaining({ code, place: { field } }));
  });

  test('an unknown driver lists the known ones; a circle names its members', () => {
    expect(() => bind(growth('a', { driver: 'weather' }))).toThrow(
      expect.objectContaining({
        remedy: 'Known drivers: composite, fleet_change, fuel_curve, load_growth, policy.',
      }),
    );
    const circle = [
      growth('a', { depends_on: ['c'] }),
      growth('b', { depends_on: ['a'] }),
      growth('c', { depends_on: ['b'] }),
    ];
    expect(() => bind(...circle)).toThrow(/a -> c -> b -> a/);
  });
});

test('limits that would form a circle with what depends on them are put in an order without one', () => {
  const cap = (id: string, price_cap: number): Written => ({
    id,
    driver: 'policy',
    parameters: { instrument: 'price_cap', currency: 'USD', price_cap },
  });
  const scenario = bind(
    cap('l1', 90),
    cap('l2', 80),
    growth('s1', { depends_on: ['l1'] }),
    growth('s2', { depends_on: ['l2'] }),
  );
  for (const { stored, ancestors } of scenario.assumptions) expect(ancestors.has(stored.id)).toBe(false);
});

test('a request is at most fifty assumptions, of which there is one', () => {
  const many = Array.from({ length: 51 }, (_, index) => growth(`a${index}`));
  expect(scenarioCreate.safeParse({ name: 'x', assumptions: many }).success).toBe(false);
  expect(scenarioCreate.safeParse({ name: 'x', assumptions: [] }).success).toBe(false);
  expect(scenarioCreate.safeParse({ name: 'x', assumptions: [growth('a')] }).success).toBe(true);
});

describe('more assumptions that depend on each other than shares can be exact for', () => {
  const cap = (part: Partial<Written> = {}): Written => ({
    id: 'cap',
    driver: 'policy',
    parameters: { instrument: 'price_cap', currency: 'USD', price_cap: 90 },
    ...part,
  });
  const others = (count: number, part: Partial<Written> = {}, name = 'a') =>
    Array.from({ length: count }, (_, index) => growth(`${name}${index}`, part));
  const tooMany = expect.objectContaining({ code: 'attribution_too_large', place: { field: 'assumptions' } });

  test('are refused when the scenario is written: a cap depends on all it meets', () => {
    expect(() => bind(...others(12), cap())).toThrow(tooMany);
    expect(() => bind(...others(12), cap())).toThrow(/13 assumptions depend on each other.*a0.*cap/);
    expect(() => bind(...others(11), cap())).not.toThrow();
    expect(() => bind(...others(12), cap({ applies_to: { iso: 'PJM' } }))).toThrow(tooMany);
    expect(() =>
      bind(...others(12, { applies_to: { iso: ['pjm', 'MISO'] } }), cap({ applies_to: { iso: 'PJM' } })),
    ).toThrow(tooMany);
    const chain = others(13).map((one, index) =>
      index === 0 ? one : { ...one, depends_on: [`a${index - 1}`] },
    );
    expect(() => bind(...chain)).toThrow(tooMany);
  });

  test('are not, where no curve need meet so many: fifty apart, one a market, other blocks or months', () => {
    expect(() => bind(...others(50))).not.toThrow();
    expect(() => bind(...others(49), cap({ depends_on: [] }))).not.toThrow();
    const markets = others(49).map((one, index) => ({ ...one, applies_to: { market: `M${index}` } }));
    expect(() => bind(...markets, cap())).not.toThrow();
    const off = { applies_to: { block: 'OFF_PEAK' } };
    expect(() => bind(...others(20, { applies_to: { block: 'ON_PEAK' } }), cap(off))).not.toThrow();
    const early = others(20, { applies_to: { to: '2026-12' } });
    expect(() => bind(...early, cap({ applies_to: { from: '2027-01' } }))).not.toThrow();
  });
});
