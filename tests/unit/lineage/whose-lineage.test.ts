/** What of a workbook and of its users lineage tells to whom: staff all of it, a tenant what is about its own curve. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { gateResultOf, warningsOf } from '#lib/flows/gate-warnings.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { type Lineage, lineageAnswer, lineageQuery } from '#schemas/lineage.ts';
import { type ChainPorts, chainPorts } from '#tests/fixtures/chain.ts';
import { STAFF, tenantWith } from '#tests/fixtures/released-days.ts';
import { APPROVE, by, follow, OVERRIDE, red, served } from '#tests/local/decisions/steps.ts';

const POWER = tenantWith({ vendor: 'pw', asset_class: 'power', region: null });
let ports: ChainPorts;
let version: string;
let rows: readonly CurveObservation[];
beforeAll(async () => {
  ports = chainPorts();
  version = await red(ports);
  await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
  await decideQuarantine({ version, body: { ...APPROVE, reason: 'asked the broker' } }, ports, by('bob'));
  await follow(version, ports);
  rows = (await served(ports)).data as readonly CurveObservation[];
});

async function ask(row: CurveObservation, caller: Caller, part: object = {}): Promise<Lineage> {
  const { curve_key, tenor_type, contract_month, tenor_label } = row;
  const query = lineageQuery.parse({ curve_key, tenor_type, contract_month, tenor_label });
  const answer = lineageAnswer.parse(await traceLineage(query, { ...ports, ...part }, caller));
  return answer.data[0]!;
}

describe('the gate of an overridden workbook', () => {
  test('is told to staff with its people and reasons', async () => {
    const { gate } = await ask(rows[0]!, STAFF);
    expect(gate?.override).toMatchObject({ author: 'ann', approver: 'bob', reason: OVERRIDE.reason });
    expect(gate?.summary).toEqual(expect.any(String));
    expect(gate?.suites.length).toBeGreaterThan(0);
  });

  test('is told to a tenant by its verdict and what is about the curve: no people, no other curve', async () => {
    const curves = warningsOf((await gateResultOf(ports.objects, version))!).flatMap((one) => one.curves);
    const warned = rows.find(({ curve_key }) => curves.some((curve) => curve.curve_key === curve_key))!;
    const plain = rows.find(({ curve_key }) => curves.every((curve) => curve.curve_key !== curve_key))!;
    for (const row of [warned, plain]) {
      const known = await ask(row, STAFF);
      expect(known.gate!.warnings.length > 0).toBe(row === warned);
      const { gate } = await ask(row, POWER);
      expect(gate).toMatchObject({ verdict: 'overridden', override: null, suites: [] });
      expect(gate!.warning_count).toBe(gate!.warnings.length);
      expect(gate!.summary).toMatch(
        new RegExp(`^Overridden: ${gate!.warning_count} warnings? about this curve\\.$`),
      );
      expect(gate!.warnings.map(({ expectation, curves }) => [expectation, curves])).toEqual(
        known.gate!.warnings.map(({ expectation, curves }) => [expectation, curves]),
      );
      for (const { element_count, unexpected_count, curves } of gate!.warnings) {
        expect(element_count).toBeNull();
        expect(unexpected_count).toBe(curves.reduce((sum, curve) => sum + curve.unexpected_count, 0));
      }
      const others = rows.filter(({ curve_key }) => curve_key !== row.curve_key);
      const text = JSON.stringify(gate);
      expect(
        others.filter(({ curve_key, source_cell }) =>
          [curve_key, `"${source_cell}"`].some((one) => text.includes(one)),
        ),
      ).toEqual([]);
      expect(text).not.toMatch(/ann|bob|broker/);
    }
  });
});

describe('runs of scenarios downstream', () => {
  const asked: unknown[] = [];
  const run = { run_id: '0b5b1a3e-6a0f-4f0e-9c55-0d6a5d3c7a10', scenario: 'Carbon +20', state: 'succeeded' };
  const releaseUses = {
    runsOf: async (...question: unknown[]) => {
      asked.push(question.slice(0, 2));
      return [run];
    },
  };

  test('are those of the caller\u2019s own tenant that read the sheet or the workbook', async () => {
    const [release] = await ports.tables.releases('main');
    const row = rows[0]!;
    const { downstream } = await ask(row, POWER, { releaseUses });
    expect(downstream.scenarios).toEqual([run]);
    expect(asked).toEqual([['acme', [release!.version, row.version_hash]]]);
  });

  test('are not told to who may see no scenario, nor where there are none kept', async () => {
    const ops: Caller = { ...STAFF, roles: ['ops'] };
    expect((await ask(rows[0]!, ops, { releaseUses })).downstream.scenarios).toBeUndefined();
    expect((await ask(rows[0]!, STAFF)).downstream.scenarios).toBeUndefined();
  });
});
