/** What people decide on a quarantined workbook: released once, by two of them, and proven after. */
import { describe, expect, test } from 'vitest';
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { listQuarantine, showQuarantined } from '#lib/flows/query-ingest.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { sweep } from '#lib/flows/sweep.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { verifyReleases } from '#lib/flows/verify-releases.ts';
import { quarantineShowAnswer } from '#schemas/ingest-answer.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import { chainPorts, FIXED_NOW } from '#tests/fixtures/chain.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { APPROVE, actions, by, deliver, follow, OVERRIDE, published, REJECT, red, served } from './steps.ts';

describe('an override', () => {
  test('releases a red workbook by two people, keeps what is red, and is seen in its lineage', async () => {
    const ports = chainPorts();
    const version = await red(ports, 'uma');
    const shown = await showQuarantined({ version }, ports);
    expect(() => quarantineShowAnswer.parse(shown)).not.toThrow();
    expect(shown.data.standing).toMatchObject({ state: 'held', overridable: true, uploaded_by: 'uma' });
    const names = shown.data.standing.blocking.map(({ name }) => name!);
    const stated = await decideQuarantine(
      { version, body: { ...OVERRIDE, expectations: names } },
      ports,
      by('ann'),
    );
    expect(stated.meta).toEqual({ version, outcome: 'recorded', state: 'proposed' });
    await follow(version, ports);
    expect((await served(ports)).data).toEqual([]);
    const own = { ann: 'own_override_forbidden', uma: 'own_upload_forbidden' };
    for (const [eyes, code] of Object.entries(own)) {
      const tried = decideQuarantine({ version, body: APPROVE }, ports, by(eyes));
      await expect(tried).rejects.toMatchObject({ code });
    }
    const approved = await decideQuarantine({ version, body: APPROVE }, ports, by('bob'));
    expect(approved.meta.state).toBe('approved');
    await follow(version, ports);
    await follow(version, ports);

    const rows = (await served(ports)).data;
    expect(rows.length).toBeGreaterThan(0);
    expect(await published(ports)).toBe(rows.length);
    const first = rows[0]!;
    const { data } = await traceLineage(
      lineageQuery.parse({
        curve_key: first.curve_key,
        tenor_type: first.tenor_type,
        contract_month: first.contract_month!.slice(0, 7),
      }),
      ports,
      STAFF,
    );
    expect(data[0]?.gate).toMatchObject({
      verdict: 'overridden',
      override: { author: 'ann', approver: 'bob', reason: OVERRIDE.reason },
    });
    const [release] = await ports.tables.releases('main');
    const proofs = [];
    for await (const proof of verifyReleases({}, ports)) proofs.push(proof);
    expect(proofs).toMatchObject([
      { version: release!.version, mismatch_count: 0, proven: { lake_objects: 5 } },
    ]);
    expect(await actions(ports)).toEqual(['quarantine.override ann', 'quarantine.approve bob']);
    expect((await listQuarantine({ state: 'held' }, ports)).data).toEqual([]);
    expect((await listQuarantine({}, ports)).data).toMatchObject([{ version, state: 'approved' }]);
  });

  test('approved by twenty at once is approved by one and released once', async () => {
    const ports = chainPorts();
    const version = await red(ports);
    await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
    const eyes = Array.from({ length: 20 }, (_, at) => `bob${at}`);
    const answers = await Promise.all(
      eyes.map(async (name) => {
        const answer = await decideQuarantine({ version, body: APPROVE }, ports, by(name));
        await follow(version, ports);
        return answer;
      }),
    );
    expect(answers.filter(({ meta }) => meta.outcome === 'recorded')).toHaveLength(1);
    expect(new Set(answers.map(({ data }) => data.subject)).size).toBe(1);
    expect(await ports.tables.releases('main')).toHaveLength(1);
    expect(await published(ports)).toBe((await served(ports)).data.length);
    expect((await actions(ports)).filter((action) => action.startsWith('quarantine.approve'))).toHaveLength(
      1,
    );
  });

  test('against a rejection at the same moment: one of the two, and all agree which', async () => {
    for (let round = 0; round < 10; round++) {
      const ports = chainPorts();
      const version = await red(ports);
      await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
      const approve = () => decideQuarantine({ version, body: APPROVE }, ports, by('bob'));
      const reject = () => decideQuarantine({ version, body: REJECT }, ports, by('cyd'));
      const isApproveFirst = round % 2 === 0;
      const started = isApproveFirst ? [approve(), reject()] : [reject(), approve()];
      const outcomes = await Promise.allSettled(started);
      await follow(version, ports);
      const taken = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value.meta.state] : [],
      );
      const { state } = (await showQuarantined({ version }, ports)).data.standing;
      expect(taken).toEqual([state]);
      expect(['approved', 'rejected']).toContain(state);
      expect(await ports.tables.releases('main')).toHaveLength(state === 'approved' ? 1 : 0);
    }
  });

  test('of a workbook with a cell that could not be read is refused', async () => {
    const ports = chainPorts();
    const version = await deliver(ports, { corrupt: 'bad-price' }, '01');
    const tried = decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
    await expect(tried).rejects.toMatchObject({ code: 'override_forbidden' });
  });
});

test('a gate that overran is run again by a decision, and its workbook released; the red result stays', async () => {
  const ports = chainPorts();
  const version = await deliver({ ...ports, gate_timeout_ms: -1 }, {}, '01');
  const first = await ports.objects.get(`gated/${version}/result.json`);
  expect((await showQuarantined({ version }, ports)).data.standing.retryable).toBe(true);
  await decideQuarantine(
    { version, body: { decision: 'retry', reason: 'the machine was full' } },
    ports,
    by('ann'),
  );
  await follow(version, ports);
  expect(await ports.tables.releases('main')).toHaveLength(1);
  expect((await ports.objects.get(`gated/${version}/result.json`))?.body).toEqual(first?.body);
  expect((await showQuarantined({ version }, ports)).data.standing.state).toBe('passed');
  const late = decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
  await expect(late).rejects.toMatchObject({ code: 'quarantine_decided_conflict' });
});

test('decisions whose events were lost are carried out by the sweep, and nothing is left to do after it', async () => {
  const ports = chainPorts();
  const approved = await red(ports);
  await decideQuarantine({ version: approved, body: OVERRIDE }, ports, by('ann'));
  await decideQuarantine({ version: approved, body: APPROVE }, ports, by('bob'));
  const rejected = await deliver(ports, { corrupt: 'crossed-bid-ask', seed: 2 }, '02');
  await decideQuarantine({ version: rejected, body: REJECT }, ports, by('ann'));
  const run = () =>
    sweep({
      ...ports,
      grace_ms: 0,
      now_ms: Date.parse(FIXED_NOW) + 1,
      stages: {
        ingest: async () => 'already',
        gate: (version) => gateWorkbook(version, ports),
        release: (version) => releaseWorkbook(version, ports),
        decisions: (version) => applyDecisions(version, ports),
        publish: (version) => publishWorkbook(version, ports),
      },
    });
  const first = await run();
  expect(first).toMatchObject({ released: [approved], published: [approved], failed: [] });
  expect([...first.decided].sort()).toEqual([approved, rejected].sort());
  expect(await run()).toMatchObject({ decided: [], released: [], published: [], failed: [] });
});
