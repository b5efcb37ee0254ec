/**
 * Scenarios against a second implementation in Python (numpy): 120 random scenarios of up to six assumptions of every
 * driver, with dependencies, caps and floors; prices and shares equal to 1e-9. Needs `AURUM_PYTHON`, an interpreter with
 * numpy (stack/python.sh prints one).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runScenario } from '#lib/domain/scenario.ts';
import { bindScenario } from '#lib/domain/scenario-graph.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { assumption } from '#schemas/scenario.ts';
import { ASOF, gasCurve, powerCurve } from '#tests/unit/scenario/base-curves.ts';

const python = process.env.AURUM_PYTHON ?? '';
const reason = python === '' ? ' (skipped: AURUM_PYTHON is not set)' : '';
const CASES = 120;
const MONTHS = 30;
const SEED = 6;

const gas = gasCurve(Array.from({ length: MONTHS }, (_, month) => 3 + Math.sin(month)));
const tomorrow = gasCurve(
  Array.from({ length: MONTHS }, (_, month) => 3.2 + Math.cos(month)),
  { location: 'Dominion' },
);

/** Even over the range; fc.double is even over the doubles, nearly all of which are tiny. */
const between = (min: number, max: number) =>
  fc.integer({ min: 0, max: 1_000_003 }).map((part) => min + ((max - min) * part) / 1_000_003);
const byBlock = (value: fc.Arbitrary<number>) =>
  fc.oneof(value, fc.record({ ON_PEAK: value, OFF_PEAK: value }));
const month = (first: number, last: number) =>
  fc.integer({ min: first, max: last }).map((index) => gas.months[index]!);
const money = { currency: fc.constant('USD') };
const perMmbtu = { ...money, per_unit: fc.constant('MMBtu') };

const carbon = fc.record({
  instrument: fc.constant('carbon_price'),
  ...money,
  carbon_price_change: between(-30, 60),
  emission_intensity: byBlock(between(0, 1.2)),
  pass_through: between(0, 1),
});
const cap = fc.record({ instrument: fc.constant('price_cap'), ...money, price_cap: between(60, 120) });
const floor = fc.record({ instrument: fc.constant('price_floor'), ...money, price_floor: between(-20, 50) });
const subsidy = fc.record({
  instrument: fc.constant('subsidy'),
  ...money,
  subsidy: between(0, 30),
  pass_through: between(0, 1),
});
const growth = fc.record(
  {
    annual_growth: between(-0.1, 0.2),
    price_elasticity: byBlock(between(0, 4)),
    start: month(0, 8),
  },
  { requiredKeys: ['annual_growth', 'price_elasticity'] },
);
const of = (curve: { curve_key: string }) => fc.record({ curve_key: fc.constant(curve.curve_key) });
const fuel = fc.record({
  fuel_move: fc.oneof(
    fc.record({ kind: fc.constant('absolute'), change: between(-2, 2), ...perMmbtu }),
    fc.record({ kind: fc.constant('relative'), change: between(-0.5, 0.5), of: of(gas) }),
    fc.record({ kind: fc.constant('curves'), from: of(gas), to: of(tomorrow) }),
    fc.record({
      kind: fc.constant('monthly'),
      changes: fc
        .array(between(-1, 1), { minLength: MONTHS, maxLength: MONTHS })
        .map((moves) => Object.fromEntries(moves.map((move, index) => [gas.months[index]!, move]))),
      ...perMmbtu,
    }),
  ),
  heat_rate: byBlock(between(5, 11)),
  marginal_share: byBlock(between(0, 1)),
});
const fleet = fc.record({
  ...money,
  merit_order_slope: fc.oneof(
    between(0, 0.01),
    fc.record({ ON_PEAK: fc.array(between(0, 0.01), { minLength: 12, maxLength: 12 }) }),
  ),
  changes: fc.array(
    fc.record(
      {
        capacity_mw: between(-3000, 3000),
        availability: byBlock(between(0, 1)),
        from: month(0, 15),
        to: month(15, MONTHS - 1),
      },
      { requiredKeys: ['capacity_mw', 'from'] },
    ),
    { minLength: 1, maxLength: 4 },
  ),
});
const simple = fc.oneof(
  fc.record({ driver: fc.constant('policy'), parameters: fc.oneof(carbon, cap, floor, subsidy) }),
  fc.record({ driver: fc.constant('load_growth'), parameters: growth }),
  fc.record({ driver: fc.constant('fuel_curve'), parameters: fuel }),
  fc.record({ driver: fc.constant('fleet_change'), parameters: fleet }),
);
const several = fc.record({
  driver: fc.constant('composite'),
  parameters: fc.record({ steps: fc.array(simple, { minLength: 1, maxLength: 3 }) }),
});
const window = fc.record({ from: month(0, 14), to: month(15, MONTHS - 1) }, { requiredKeys: [] });
/** Half of them depend on some of those before, except final caps and floors, which nothing may depend on here. */
const scenario = fc
  .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: simple }, several), window, fc.nat(63), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => {
    const written: Written[] = [];
    for (const [part, applies_to, bits, isLinked] of parts) {
      const before = written.filter((one, at) => ((bits >> at) & 1) === 1 && !isFinal(one));
      const depends_on = isLinked && before.length > 0 ? { depends_on: before.map(({ id }) => id) } : {};
      written.push({ id: `a${written.length}`, ...part, applies_to, ...depends_on });
    }
    return written;
  });

type Written = z.input<typeof assumption>;
const isFinal = ({ parameters, depends_on }: Written) =>
  ['price_cap', 'price_floor'].includes(String(parameters.instrument)) && depends_on === undefined;

const prices = fc.array(between(-20, 150), { minLength: MONTHS, maxLength: MONTHS });
const answerSchema = z.object({
  numpy: z.string(),
  cases: z.array(
    z.object({ prices: z.array(z.number()), shares: z.record(z.string(), z.array(z.number())) }),
  ),
});

async function askPython(cases: readonly unknown[]): Promise<z.infer<typeof answerSchema>> {
  const script = join(import.meta.dirname, 'oracle', 'scenario_oracle.py');
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ cases }));
  return answerSchema.parse(JSON.parse(await text(child.stdout)));
}

const byMonth = ({ months, prices: all }: typeof gas) =>
  Object.fromEntries(months.map((at, index) => [at, all[index]]));

test.skipIf(python === '')(`scenarios equal those of a second implementation${reason}`, async () => {
  const samples = fc.sample(fc.tuple(scenario, prices), { numRuns: CASES, seed: SEED });
  const ours = samples.map(([written, base]) => {
    const bound = bindScenario(
      written.map((one) => assumption.parse(one)),
      drivers,
    );
    const market = { curves: [gas, tomorrow], rates: [] };
    const { curves } = runScenario({ scenario: bound, curves: [powerCurve(base)], market, asof: ASOF });
    return { stored: bound.assumptions.map(({ stored }) => stored), curve: curves[0]! };
  });
  const fuels = { [gas.curve_key]: byMonth(gas), [tomorrow.curve_key]: byMonth(tomorrow) };
  const theirs = await askPython(
    ours.map(({ stored, curve: { base } }) => ({
      asof: ASOF,
      curve: { block: base.block, months: base.months, prices: base.prices },
      fuels,
      assumptions: stored,
    })),
  );
  const worst = { price: 0, share: 0, moved: 0 };
  for (const [index, { curve }] of ours.entries()) {
    const other = theirs.cases[index]!;
    for (const at of curve.base.months.keys()) {
      worst.price = Math.max(worst.price, Math.abs(curve.prices[at]! - other.prices[at]!));
      worst.moved = Math.max(worst.moved, Math.abs(curve.prices[at]! - curve.base.prices[at]!));
      for (const { id, change } of curve.shares) {
        worst.share = Math.max(worst.share, Math.abs(change[at]! - other.shares[id]![at]!));
      }
    }
  }
  process.stderr.write(`scenario oracle: numpy ${theirs.numpy}, ${CASES} cases, ${JSON.stringify(worst)}\n`);
  expect(theirs.cases.length).toBe(CASES);
  expect(worst.moved).toBeGreaterThan(10);
  expect(worst.price).toBeLessThan(1e-9);
  expect(worst.share).toBeLessThan(1e-9);
});
