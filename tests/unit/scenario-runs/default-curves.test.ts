/** Runs that name no curves, over released samples of several vendors: they are of the curves their assumptions fit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { operationalDdl } from '#lib/runtime/compose.ts';
import { releasedDays } from '#tests/fixtures/released-days.ts';
import {
  asked,
  carbon,
  created,
  DAY,
  growth,
  runAll,
  type ScenarioPorts,
  scenarioPorts,
} from '#tests/fixtures/scenario-site.ts';
import { failure, named, records, rowsOf, stateOf } from './site.ts';

let ports: ScenarioPorts;
beforeAll(async () => {
  const released = await releasedDays(['pw', 'eugp', 'rp'].map((vendor) => ({ vendor, day: DAY })));
  ports = scenarioPorts({ ...released.ports, sql: pgliteSql({ ddl: operationalDdl() }) });
}, 60_000);
afterAll(() => ports.sql.close());

/** A run of the assumptions with no more said than `part`. */
async function made(assumptions: unknown[], part: object = {}) {
  const { id } = await created(ports, named(), assumptions);
  const { run_id } = await asked(ports, id, { contract_to: '2025-12', ...part });
  await runAll(ports);
  return { run: await stateOf(ports, run_id), rows: (await rowsOf(ports, run_id)).data };
}

const leftOut = (notes: readonly string[]) =>
  notes.reduce((sum, note) => sum + Number(/^(\d+) curves? (is|are) left out/.exec(note)?.[1] ?? 0), 0);

describe.each(drivers.map((driver) => [driver.type, driver] as const))('%s', (type, driver) => {
  test.each([
    ['as it is', {}],
    ['where it says it is for', { applies_to: driver.example_applies_to }],
  ])('its example runs on everything there is, %s', async (_, part) => {
    const { run, rows } = await made([{ id: 'example', driver: type, parameters: driver.example, ...part }], {
      contract_to: '2027-12',
    });
    expect(run).toMatchObject({ state: 'succeeded', error: null });
    expect(run.curve_count).toBeGreaterThan(0);
    expect(rows.some(({ delta }) => delta !== 0)).toBe(true);
    if (!('applies_to' in part)) expect(leftOut(run.notes)).toBeGreaterThan(0);
    // Growth is a share of any price; the others are of amounts of money.
    if (type !== 'load_growth')
      expect(new Set(rows.map(({ currency }) => currency))).toEqual(new Set(['USD']));
  });
});

describe('a run that names no curves', () => {
  const perMwh = { ...carbon(20), id: 'carbon' };

  test('is of all that an assumption holds for, and counts what is left out with the reason', async () => {
    const pjm = { ...perMwh, applies_to: { iso: 'PJM', asset_class: 'power' } };
    const { run, rows } = await made([pjm]);
    expect(new Set(rows.map(({ iso }) => iso))).toEqual(new Set(['PJM']));
    expect(run.notes).toEqual([]);
    const everywhere = await made([perMwh]);
    const reasons = everywhere.run.notes.join('\n');
    expect(reasons).toContain('No exchange rate from USD to EUR is given');
    expect(reasons).toMatch(/is per \w+, the driver per MWh/);
    expect(everywhere.run.curve_count! + leftOut(everywhere.run.notes)).toBeGreaterThan(100);
    expect(everywhere.rows.every(({ per_unit }) => per_unit === 'MWh')).toBe(true);
  });

  test('reads what it is made of, and no more', async () => {
    const pjm = { ...perMwh, applies_to: { iso: 'PJM', asset_class: 'power' } };
    const [some, all] = [await made([pjm]), await made([growth])];
    expect(some.run.input_versions.length).toBeLessThan(all.run.input_versions.length);
  });

  test('is of more curves when an exchange rate is given', async () => {
    const rates = ['EUR', 'CAD', 'GBP'].map((quote) => ({ base: 'USD', quote, rate: 1.2 }));
    const [without, converted] = [await made([perMwh]), await made([perMwh], { fx_rates: rates })];
    expect(converted.run.curve_count!).toBeGreaterThan(without.run.curve_count!);
    expect(converted.run.curve_count! + leftOut(converted.run.notes)).toBe(
      without.run.curve_count! + leftOut(without.run.notes),
    );
  });

  test('leaves out a curve that one of its assumptions holds for and does not fit', async () => {
    const onPeak = { ...growth, parameters: { ...growth.parameters, price_elasticity: { ON_PEAK: 1.5 } } };
    const { rows, run } = await made([perMwh, onPeak]);
    expect(new Set(rows.map(({ block }) => block))).toEqual(new Set(['ON_PEAK']));
    expect(run.notes.join()).toMatch(/such as: no value for block/);
  });

  test.each([
    [
      'a currency without a rate',
      [{ ...perMwh, parameters: { ...perMwh.parameters, currency: 'JPY' } }],
      {},
      'assumptions.0.parameters.currency',
    ],
    [
      'a block that is not',
      [{ ...growth, parameters: { annual_growth: 0.1, price_elasticity: { NIGHT: 1 } } }],
      {},
      'assumptions.0.parameters.price_elasticity',
    ],
    ['a window beyond all curves', [perMwh], { contract_to: '2190-12' }, 'contract_to'],
    ['a window after all curves', [perMwh], { contract_from: '2190-01' }, 'contract_from'],
    ['a market that is not', [{ ...perMwh, applies_to: { iso: 'NOWHERE' } }], {}, 'assumptions'],
  ])('is refused when no curve is left: %s', async (_, assumptions, part, field) => {
    const { id } = await created(ports, named(), assumptions);
    const before = (await records(ports, scenarioRequestTopic)).length;
    expect(await failure(asked(ports, id, part))).toMatchObject({
      code: 'scenario_curve_missing',
      field,
      remedy: expect.stringMatching(/\w/),
    });
    expect(await records(ports, scenarioRequestTopic)).toHaveLength(before);
  });

  test('on which more assumptions meet than can be divided between is refused when asked for, by the curve', async () => {
    const many = (name: string, applies_to: object) =>
      Array.from({ length: 7 }, (_, index) => ({ ...growth, id: `${name}${index}`, applies_to }));
    const cap = {
      id: 'cap',
      driver: 'policy',
      parameters: { instrument: 'price_cap', currency: 'USD', price_cap: 90 },
      applies_to: { iso: 'PJM' },
    };
    const power = { asset_class: 'power' };
    const { id } = await created(ports, named(), [
      ...many('iso', { ...power, iso: ['PJM', 'ERCOT'] }),
      ...many('block', { ...power, block: 'ON_PEAK' }),
      cap,
    ]);
    const curves = { ...power, iso: ['PJM', 'ERCOT'] };
    expect(await failure(asked(ports, id, { curves }))).toMatchObject({
      code: 'attribution_too_large',
      field: 'assumptions',
      message: expect.stringContaining('15 assumptions depend on each other on power PJM'),
    });
    const apart = await asked(ports, id, { curves: { ...power, iso: 'ERCOT' }, contract_to: '2025-12' });
    expect(apart.state).toBe('queued');
  });
});
