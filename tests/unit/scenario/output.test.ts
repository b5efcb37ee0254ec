import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import { scenarioRequest, scenarioRequestTopic } from '#events/scenario-request.ts';
import { avroCodec } from '#lib/avro/codec.ts';
import { avroSchema } from '#lib/avro/schema.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { runScenario } from '#lib/domain/scenario.ts';
import { bandName, scenarioBands } from '#lib/domain/scenario-bands.ts';
import { forwardCurves, runHash } from '#lib/domain/scenario-curves.ts';
import { bindScenario } from '#lib/domain/scenario-graph.ts';
import { outputRows, scenarioDiff } from '#lib/domain/scenario-output.ts';
import { simulate } from '#lib/domain/simulation/run.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { assumption } from '#schemas/scenario.ts';
import { scenarioOutput, scenarioRunRequest } from '#schemas/scenario-run.ts';
import { months } from '#tests/fixtures/rows.ts';
import { ASOF, NO_MARKET, powerCurve } from './base-curves.ts';

const carbon = (id: string, change: number): z.input<typeof assumption> => ({
  id,
  driver: 'policy',
  parameters: {
    instrument: 'carbon_price',
    currency: 'USD',
    carbon_price_change: change,
    emission_intensity: 1,
  },
});
const labels = { run_id: 'r1', tenant_id: 'acme', scenario_id: 's1', run_hash: 'e'.repeat(64) };

function runOf(written: readonly z.input<typeof assumption>[], curves = [powerCurve([50, 60])]) {
  const scenario = bindScenario(
    written.map((one) => assumption.parse(one)),
    drivers,
  );
  return runScenario({ scenario, curves, market: NO_MARKET, asof: ASOF });
}

describe('base curves from released rows', () => {
  test('months of one curve and day, ascending, strips left aside', () => {
    const rows = months('2026-02-01', [40, 41, 42]);
    const strip = { ...rows[0]!, tenor_type: 'QUARTER' as const, tenor_label: 'Q1 2026' };
    const [curve, ...others] = forwardCurves([...rows.toReversed(), strip]);
    expect(others).toEqual([]);
    expect(curve).toMatchObject({
      months: ['2026-02-01', '2026-03-01', '2026-04-01'],
      prices: [40, 41, 42],
      currency: 'USD',
      per_unit: 'MWh',
    });
  });

  test('a month twice and months in two currencies are refused by name', () => {
    const rows = months('2026-02-01', [40, 41]);
    expect(() => forwardCurves([...rows, rows[0]!])).toThrow(
      expect.objectContaining({
        code: 'scenario_month_repeated',
        message: expect.stringContaining('2026-02'),
      }),
    );
    expect(() => forwardCurves([rows[0]!, { ...rows[1]!, currency: 'CAD' }])).toThrow(
      expect.objectContaining({
        code: 'currencies_mixed',
        message: expect.stringContaining('USD/MWh and CAD/MWh'),
      }),
    );
  });
});

describe('bands', () => {
  const model = { sigma_short: 0.6, reversion_short: 2, sigma_long: 0.15, correlation: 0.3 };
  const settings = {
    asof: ASOF,
    seed: 42,
    paths: 20_000,
    levels: [0.05, 0.5, 0.95],
    dynamics: 'lognormal' as const,
    modelOf: () => model,
  };
  const result = runOf([carbon('carbon', 10)], [powerCurve([50, 60, 55, 52])]);

  test('lie around the scenario price: P50 is its lognormal median, P5 and P95 its quantiles', async () => {
    const bands = (await scenarioBands(result.curves, settings, simulate)).get(
      result.curves[0]!.base.curve_key,
    )!;
    // Variance of ln F(T,T) over T years: s_s^2 (1 - e^(-2kT)) / 2k + s_l^2 T + 2 rho s_s s_l (1 - e^(-kT)) / k.
    const T = 76 / 365; // 2026-01-15 to 2026-04-01
    const { sigma_short: s, reversion_short: k, sigma_long: l, correlation: rho } = model;
    const variance =
      (s * s * (1 - Math.exp(-2 * k * T))) / (2 * k) +
      l * l * T +
      (2 * rho * s * l * (1 - Math.exp(-k * T))) / k;
    const quantile = (z: number) => 62 * Math.exp(-variance / 2 + z * Math.sqrt(variance));
    const [p05, p50, p95] = bands.quantiles.map((level) => level[3]!);
    expect(p05! / quantile(-1.6448536)).toBeCloseTo(1, 2);
    expect(p50! / quantile(0)).toBeCloseTo(1, 2);
    expect(p95! / quantile(1.6448536)).toBeCloseTo(1, 2);
  });

  test('one seed gives the same bits, another seed others; a curve beside it shifts nothing', async () => {
    const once = await scenarioBands(result.curves, settings, simulate);
    const again = await scenarioBands(result.curves, settings, simulate);
    expect(again).toEqual(once);
    const other = await scenarioBands(result.curves, { ...settings, seed: 43 }, simulate);
    expect(other).not.toEqual(once);
    const more = [powerCurve([50, 60, 55, 52]), powerCurve([30], { block: 'OFF_PEAK' })];
    const beside = await scenarioBands(runOf([carbon('carbon', 10)], more).curves, settings, simulate);
    const key = result.curves[0]!.base.curve_key;
    expect(beside.get(key)).toEqual(once.get(key));
  });

  test('two scenarios of one seed meet the same shocks: bands scale as their prices', async () => {
    const key = result.curves[0]!.base.curve_key;
    const plain = (await scenarioBands(runOf([carbon('carbon', 0)]).curves, settings, simulate)).get(key)!;
    const dearer = (await scenarioBands(runOf([carbon('carbon', 25)]).curves, settings, simulate)).get(key)!;
    expect(dearer.quantiles[2]![0]! / plain.quantiles[2]![0]!).toBeCloseTo(75 / 50, 12);
  });

  test('levels have names that are names of columns', () => {
    expect([0.05, 0.07, 0.5, 0.95, 0.975, 0.001].map(bandName)).toEqual([
      'p05',
      'p07',
      'p50',
      'p95',
      'p97_5',
      'p00_1',
    ]);
  });
});

describe('output rows', () => {
  const rows = outputRows(runOf([carbon('a', 10), carbon('b', -4)]), labels);

  test('one a month, valid, with shares that sum to the change', () => {
    expect(rows).toMatchObject([
      {
        contract_month: '2026-01-01',
        base_price: 50,
        scenario_price: 56,
        delta: 6,
        attribution: { a: 10, b: -4 },
      },
      { contract_month: '2026-02-01', base_price: 60, scenario_price: 66, delta: 6, bands: {} },
    ]);
    for (const row of rows) expect(scenarioOutput.parse(row)).toEqual(row);
  });

  test('go through Avro and back unchanged', () => {
    const { name, schema, description } = scenarioOutputTopic;
    const codec = avroCodec(avroSchema(name, schema, description));
    expect([...codec.decode(codec.encode(rows))]).toEqual(rows);
    const request = scenarioRequest.parse({
      run_id: 'r1',
      tenant_id: 'acme',
      attempt: 1,
      scenario_id: 's1',
      scenario_version: 1,
      scenario_hash: 'a'.repeat(64),
      run_hash: 'b'.repeat(64),
      code_version: '1.0.0',
      input_commit: 'c0ffee',
      input_versions: ['d'.repeat(64)],
      requested_at: '2026-01-15T10:00:00.000Z',
      requested_by: 'ana',
      asof_date: ASOF,
      assumptions: '[]',
      request: '{}',
    });
    const topic = scenarioRequestTopic;
    const requests = avroCodec(avroSchema(topic.name, topic.schema, topic.description));
    expect([...requests.decode(requests.encode([request]))]).toEqual([request]);
  });
});

describe('difference of two runs', () => {
  const a = outputRows(runOf([carbon('same', 10), carbon('only_a', 2)]), labels);
  const b = outputRows(runOf([carbon('same', 15), carbon('only_b', -1)], [powerCurve([51, 60, 70])]), labels);

  test('B less A by month, with the base and each assumption; the parts sum to it', () => {
    const { meta, data } = scenarioDiff(a, b);
    expect(data[0]).toMatchObject({
      price_a: 62,
      price_b: 65,
      delta: 3,
      relative: 3 / 62,
      base_delta: 1,
      attribution: { same: 5, only_a: -2, only_b: -1 },
    });
    expect(data[1]).toMatchObject({ delta: 2, base_delta: 0 });
    expect(meta).toEqual({
      count: 2,
      only_in_a: [],
      only_in_b: [{ curve_key: b[2]!.curve_key, contract_month: '2026-03-01' }],
    });
  });

  test('A and B changed over gives the negative; a run less itself is nothing', () => {
    const back = scenarioDiff(b, a).data;
    for (const [index, row] of scenarioDiff(a, b).data.entries()) {
      expect(back[index]!.delta).toBe(-row.delta);
    }
    for (const row of scenarioDiff(a, a).data)
      expect(row).toMatchObject({ delta: 0, relative: 0, base_delta: 0 });
  });

  test('runs that share nothing, and a curve in two currencies, are refused', () => {
    const elsewhere = a.map((row) => ({ ...row, curve_key: 'd'.repeat(64) }));
    expect(() => scenarioDiff(a, elsewhere)).toThrow(
      expect.objectContaining({ code: 'scenario_runs_disjoint' }),
    );
    const inEuro = a.map((row) => ({ ...row, currency: 'EUR' }));
    expect(() => scenarioDiff(a, inEuro)).toThrow(expect.objectContaining({ code: 'currencies_mixed' }));
  });

  test('relative to a price of 0 there is none, to a negative one the sign is that of the change', () => {
    const at = (price: number) => a.map((row) => ({ ...row, scenario_price: price }));
    expect(scenarioDiff(at(0), at(5)).data[0]!.relative).toBeNull();
    expect(scenarioDiff(at(-10), at(-5)).data[0]!.relative).toBe(0.5);
  });
});

describe('the hash of a run', () => {
  const request = scenarioRunRequest.parse({ seed: 7, bands: {} });
  const base = {
    scenario_hash: 'a'.repeat(64),
    request,
    asof: ASOF,
    input_versions: ['v2', 'v1', 'v2'],
    code_version: '0.2.0',
  };

  test('does not show the order of the inputs, and shows all else', () => {
    expect(runHash({ ...base, input_versions: ['v1', 'v2'] })).toBe(runHash(base));
    const hashes = [
      runHash(base),
      runHash({ ...base, input_versions: ['v1'] }),
      runHash({ ...base, asof: '2026-01-16' }),
      runHash({ ...base, code_version: '0.2.1' }),
      runHash({ ...base, request: { ...request, seed: 8 } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('the day itself counts, not how it was asked for', () => {
    expect(runHash({ ...base, request: { ...request, asof: ASOF } })).toBe(runHash(base));
  });
});

describe('run request', () => {
  test.each([
    [{ seed: -1 }, 'seed'],
    [{ seed: 2 ** 53 }, 'seed'],
    [{ seed: 1.5 }, 'seed'],
    [{ seed: Number.NaN }, 'seed'],
    [{ contract_from: '2026-05', contract_to: '2026-04' }, 'contract_to'],
    [{ bands: { levels: [0.5, 1] } }, 'bands.levels.1'],
    [{ bands: { paths: 1e9 } }, 'bands.paths'],
    [{ bands: { model: { sigma_short: -1 } } }, 'bands.model'],
    [{ fx_rates: [{ base: 'EUR', quote: 'USD', rate: 0 }] }, 'fx_rates.0.rate'],
  ])('%j is refused at %s', (request, path) => {
    const parsed = scenarioRunRequest.safeParse(request);
    expect(parsed.error?.issues.at(0)?.path.join('.')).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}`));
  });

  test('nothing given is the latest day, all curves, seed 0 and no bands', () => {
    expect(scenarioRunRequest.parse({})).toEqual({ asof: 'latest', curves: {}, fx_rates: [], seed: 0 });
    expect(scenarioRunRequest.safeParse({ seed: Number.MAX_SAFE_INTEGER }).success).toBe(true);
  });
});

test('canonical JSON: keys in order, also those that look like numbers; what JSON cannot carry is refused', () => {
  expect(canonicalJson({ b: [1e21, -0, 'é'], 10: null, 9: true, a: undefined })).toBe(
    '{"10":null,"9":true,"b":[1e+21,0,"é"]}',
  );
  expect(() => canonicalJson({ a: [{ b: Number.NaN }] })).toThrow(
    expect.objectContaining({ code: 'value_not_json', place: { field: 'a.0.b' } }),
  );
});
