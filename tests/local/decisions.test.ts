/** What people decide, through the chain over in-memory stores: released once, wherever it was stopped, and proven after. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { decideHotfix, listHotfixes, showImpact } from '#lib/flows/decide-hotfix.ts';
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { listQuarantine, showQuarantined } from '#lib/flows/query-ingest.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { sweep } from '#lib/flows/sweep.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { uploaderMetadata } from '#lib/flows/uploader.ts';
import { verifyAudit } from '#lib/flows/verify-audit.ts';
import { verifyReleases } from '#lib/flows/verify-releases.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { curveQuery } from '#schemas/curve-query.ts';
import { impactAnswer } from '#schemas/hotfix.ts';
import { quarantineShowAnswer } from '#schemas/ingest-answer.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import type { QuarantineDecisionRequest } from '#schemas/quarantine.ts';
import {
  type ChainOptions,
  type ChainPorts,
  chainPorts,
  FIXED_NOW,
  runChain,
  upload,
} from '#tests/fixtures/chain.ts';
import { Crash, crashing } from '#tests/fixtures/crash.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const DAY = '2025-09-12';
const by = (subject: string) => ({ subject, tenant: 'house' });
const OVERRIDE: QuarantineDecisionRequest = {
  decision: 'override',
  expectations: ['crossed_bid_ask'],
  reason: 'as the broker quoted it',
};
const APPROVE: QuarantineDecisionRequest = { decision: 'approve' };

/** Delivers a generated workbook; who sent it is known where a name is given. */
async function deliver(
  ports: ChainPorts,
  sample: Parameters<typeof sampleFile>[2],
  sequencer: string,
  sender?: string,
): Promise<string> {
  const { file, bytes } = await sampleFile('pw', DAY, sample);
  const key = `raw/vendor_curves/${DAY}/${file}`;
  const metadata = sender === undefined ? {} : uploaderMetadata(sender);
  const put = await ports.objects.put(key, bytes, { metadata });
  if (put.outcome !== 'stored') throw new Error('an unconditional put was refused');
  const place = { bucket: 'aurum', key, etag: put.etag, version_id: undefined };
  return (await runChain(ports, { ...place, sequencer, event_time: FIXED_NOW }))!;
}

const red = (ports: ChainPorts, sender?: string) =>
  deliver(ports, { corrupt: 'crossed-bid-ask' }, '01', sender);

/** The events that follow from what was decided. */
async function follow(version: string, ports: ChainPorts): Promise<void> {
  await applyDecisions(version, ports);
  const outcome = await releaseWorkbook(version, ports);
  if (outcome === 'released' || outcome === 'already') await publishWorkbook(version, ports);
}

const served = async (ports: ChainPorts, query: Record<string, string> = {}) =>
  queryCurves(curveQuery.parse({ limit: '10000', ...query }), ports, STAFF);
const published = async (ports: ChainPorts) => {
  let count = 0;
  for await (const _ of ports.bus.read(ports.curveTopic)) count += 1;
  return count;
};
const actions = async (ports: ChainPorts) =>
  (await ports.audit.list({ limit: 100 })).map(({ action, subject }) => `${action} ${subject}`).reverse();

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
    for (const eyes of ['ann', 'uma'])
      await expect(decideQuarantine({ version, body: APPROVE }, ports, by(eyes))).rejects.toMatchObject({
        code: expect.stringMatching(/^own_.*_forbidden$/),
      });
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
      const reject = { decision: 'reject', reason: 'not ours' } as const;
      const outcomes = await Promise.allSettled([
        decideQuarantine({ version, body: APPROVE }, ports, by('bob')),
        decideQuarantine({ version, body: reject }, ports, by('cyd')),
      ]);
      await follow(version, ports);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const { state } = (await showQuarantined({ version }, ports)).data.standing;
      expect((await ports.tables.releases('main')).length).toBe(state === 'approved' ? 1 : 0);
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
  await decideQuarantine(
    { version: rejected, body: { decision: 'reject', reason: 'not ours' } },
    ports,
    by('ann'),
  );
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

test('of two workbooks that race for a free slot, the later one is a correction and waits', async () => {
  const ports = chainPorts({ hotfix_approval: true });
  const events = [];
  for (const seed of [1, 2, 3, 4]) {
    const { file, bytes } = await sampleFile('pw', DAY, { seed });
    const event = await upload(ports, `${seed}-${file}`, DAY, bytes, `0${seed}`);
    events.push(event);
  }
  await Promise.all(events.map((event) => runChain(ports, event)));
  const released = await ports.tables.releases('main');
  const waiting = (await listHotfixes({ state: 'waiting' }, ports)).data;
  expect(released.length + waiting.length).toBe(4);
  expect(waiting.every(({ supersedes }) => supersedes === waiting[0]!.supersedes)).toBe(true);
  const [first] = released;
  expect(released.every(({ sequence }) => sequence <= first!.sequence)).toBe(true);
});

/** Every object's content. */
async function content(ports: ChainPorts): Promise<Record<string, string>> {
  const objects: Record<string, string> = {};
  for await (const { key } of ports.objects.list(''))
    objects[key] = hash('sha256', (await ports.objects.get(key))!.body, 'hex');
  return objects;
}

const stores = () => ({
  objects: memoryObjectStore({ now: () => new Date(FIXED_NOW), versioned_prefixes: [] }),
  bus: memoryEventBus(),
});

describe('stopped at any effect and delivered again', () => {
  /** What is done up to the last step, and the last step, which is stopped. */
  const ways: Readonly<
    Record<
      string,
      {
        options?: ChainOptions;
        prepare(ports: ChainPorts): Promise<string>;
        decide(version: string, ports: ChainPorts): Promise<unknown>;
      }
    >
  > = {
    'an approved override': {
      prepare: async (ports) => {
        const version = await red(ports);
        await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
        return version;
      },
      decide: (version, ports) => decideQuarantine({ version, body: APPROVE }, ports, by('bob')),
    },
    'a retried gate': {
      prepare: (ports) => deliver({ ...ports, families: [] }, {}, '01'),
      decide: (version, ports) =>
        decideQuarantine({ version, body: { decision: 'retry', reason: 'full disk' } }, ports, by('ann')),
    },
    'a correction that needs no approval': {
      prepare: async (ports) => {
        await deliver(ports, {}, '01');
        const { file, bytes } = await sampleFile('pw', DAY, { seed: 2 });
        const ingested = await ingestWorkbook(await upload(ports, file, DAY, bytes, '02'), ports);
        if (ingested.outcome !== 'staged') throw new Error(ingested.outcome);
        await gateWorkbook(ingested.version, ports);
        return ingested.version;
      },
      decide: async () => undefined,
    },
    'an approved correction': {
      options: { hotfix_approval: true },
      prepare: async (ports) => {
        await deliver(ports, {}, '01');
        return deliver(ports, { seed: 2 }, '02', 'uma');
      },
      decide: (version, ports) =>
        decideHotfix({ version, body: { decision: 'approve', reason: 'checked' } }, ports, by('bob')),
    },
  };

  test.each(Object.keys(ways))(
    '%s ends byte for byte as undisturbed',
    async (name) => {
      const { options = {}, prepare, decide } = ways[name]!;
      const portsOf = (held: ReturnType<typeof stores>) => chainPorts({ ...options, ...held });
      const calm = portsOf(stores());
      const version = await prepare(calm);
      await decide(version, calm);
      await follow(version, calm);
      const wanted = await content(calm);
      const records = await published(calm);
      let stopped = 0;
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; ; at++) {
          const held = stores();
          const ports = portsOf(held);
          await prepare(ports);
          const stop = (): never => {
            throw new Crash();
          };
          const stopping = {
            ...ports,
            ...portsOf({ ...held, ...crashing(held, { at, when, stop }) } as never),
          };
          const outcome = await decide(version, stopping)
            .then(() => follow(version, stopping))
            .then(
              () => 'done',
              (error: unknown) => error,
            );
          if (outcome === 'done') break;
          expect(outcome).toBeInstanceOf(Crash);
          stopped += 1;
          // Whoever decided got no answer and says it again; the event comes again too.
          await decide(version, ports);
          await follow(version, ports);
          expect(await content(ports), `stopped ${when} effect ${at}`).toEqual(wanted);
          expect(await published(ports)).toBe(records);
          expect((await verifyAudit(ports)).broken).toBeNull();
        }
      }
      expect(stopped).toBeGreaterThanOrEqual(30);
    },
    120_000,
  );
});

describe('a correction of what is released', () => {
  const list = async (ports: ChainPorts) => (await listHotfixes({}, ports)).data;

  test('goes by a hotfix branch with a list of what it changes, and is merged at once', async () => {
    const ports = chainPorts();
    const first = await deliver(ports, {}, '01');
    await ports.objects.put(
      `exports/acme/asof=${DAY}/e1/manifest.json`,
      JSON.stringify({ releases: [{ version: first }] }),
    );
    const second = await deliver(ports, { seed: 2 }, '02');
    const answer = await showImpact({ version: second }, { ...ports, releaseUses: { of: async () => [] } });
    expect(() => impactAnswer.parse(answer)).not.toThrow();
    const { rows, branch, strip_count, curve_count } = answer.data;
    expect(answer.meta).toMatchObject({ state: 'merged', approvals_missing: 0 });
    expect(branch).toBe('hotfix_20250912_1');
    expect(answer.data).toMatchObject({ supersedes: first, becomes_current: true });
    const before = (await served(ports, { version: first })).data;
    const after = (await served(ports, { version: second })).data;
    expect([rows.before, rows.after]).toEqual([before.length, after.length]);
    const priceAt = new Map(before.map((row) => [placeOf(row), row.value]));
    expect(rows.changed).toBe(after.filter((row) => priceAt.get(placeOf(row)) !== row.value).length);
    expect(curve_count).toBeGreaterThan(0);
    expect(strip_count).toBeGreaterThan(curve_count);
    expect(await ports.tables.head(branch)).toEqual({ ...(await ports.tables.head('main'))!, ref: branch });
    const third = await deliver(ports, { seed: 3 }, '03');
    expect((await list(ports)).map(({ version, branch: name }) => [version, name])).toEqual([
      [third, 'hotfix_20250912_2'],
      [second, 'hotfix_20250912_1'],
    ]);
  });

  const placeOf = (row: Partial<CurveObservation>) =>
    [row.curve_key, row.price_type, row.tenor_type, row.tenor_label].join('|');

  test('waits for others than its sender, then is known from its merge on', async () => {
    let now = '2025-09-12T21:30:00.000Z';
    const ports = chainPorts({ hotfix_approval: true, now: () => now });
    const first = await deliver(ports, {}, '01');
    const second = await deliver(ports, { seed: 2 }, '02', 'uma');
    const waiting = await list(ports);
    expect(waiting).toMatchObject([{ version: second, state: 'waiting', approvals_missing: 1 }]);
    expect((await served(ports)).meta.releases[0]?.version).toBe(first);
    expect((await ports.tables.releases('hotfix_20250912_1')).map(({ version }) => version)).toContain(
      second,
    );
    const body = { decision: 'approve', reason: 'checked with the vendor' } as const;
    const own = decideHotfix({ version: second, body }, ports, by('uma'));
    await expect(own).rejects.toMatchObject({ code: 'own_upload_forbidden' });
    now = '2025-09-13T08:00:00.000Z';
    const answer = await decideHotfix({ version: second, body }, ports, by('bob'));
    expect(answer.meta).toMatchObject({ outcome: 'recorded', state: 'approved', approvals_missing: 0 });
    await follow(second, ports);
    const [release] = (await served(ports)).meta.releases;
    expect(release).toMatchObject({ version: second, known_at: now });
    const before = await served(ports, { as_known_at: '2025-09-13T07:59:59Z' });
    expect(before.meta.releases[0]?.version).toBe(first);
    expect(await actions(ports)).toEqual(['hotfix.approve bob']);
    const proofs = [];
    for await (const proof of verifyReleases({ version: second }, ports)) proofs.push(proof);
    expect(proofs).toMatchObject([{ mismatch_count: 0 }]);
  });

  test('from a sender nobody knows needs two others; a rejected one never comes', async () => {
    const ports = chainPorts({ hotfix_approval: true });
    await deliver(ports, {}, '01');
    const second = await deliver(ports, { seed: 2 }, '02');
    const approve = { decision: 'approve', reason: 'checked' } as const;
    const decide = (subject: string) => decideHotfix({ version: second, body: approve }, ports, by(subject));
    expect((await decide('ann')).meta).toMatchObject({ state: 'waiting', approvals_missing: 1 });
    expect((await decide('ann')).meta).toMatchObject({ outcome: 'already', approvals_missing: 1 });
    await follow(second, ports);
    expect(await ports.tables.releases('main')).toHaveLength(1);
    expect((await decide('bob')).meta).toMatchObject({ state: 'approved', approvals_missing: 0 });
    await follow(second, ports);
    expect(await ports.tables.releases('main')).toHaveLength(2);

    const third = await deliver(ports, { seed: 3 }, '03');
    const reject = { decision: 'reject', reason: 'wrong day' } as const;
    await decideHotfix({ version: third, body: reject }, ports, by('ann'));
    await follow(third, ports);
    await follow(third, chainPorts({ ...ports, hotfix_approval: false }));
    expect((await list(ports)).find(({ version }) => version === third)?.state).toBe('rejected');
    expect(await ports.tables.releases('main')).toHaveLength(2);
  });

  test('an approval of a replacement that is no more does not count', async () => {
    const ports = chainPorts({ hotfix_approval: true });
    const decide = (version: string, subject: string) =>
      decideHotfix({ version, body: { decision: 'approve', reason: 'checked' } }, ports, by(subject));
    await deliver(ports, {}, '01');
    const second = await deliver(ports, { seed: 2 }, '02', 'uma');
    const third = await deliver(ports, { seed: 3 }, '03');
    await decide(third, 'ann');
    await decide(second, 'ann');
    await follow(second, ports);
    await expect(decide(third, 'bob')).rejects.toMatchObject({ code: 'impact_replaced_conflict' });
    expect((await showImpact({ version: third }, ports)).data.supersedes).toBe(second);
    expect((await decide(third, 'bob')).meta).toMatchObject({ state: 'waiting', approvals_missing: 1 });
    expect((await decide(third, 'ann')).meta.state).toBe('approved');
    await follow(third, ports);
    expect((await served(ports)).meta.releases[0]?.version).toBe(third);
  });

  test('a straggler replaces nothing and waits for nobody', async () => {
    const ports = chainPorts({ hotfix_approval: true });
    const newer = await deliver(ports, { seed: 2 }, '02');
    const older = await deliver(ports, {}, '01');
    expect((await showImpact({ version: older }, ports)).data.becomes_current).toBe(false);
    expect(await ports.tables.releases('main')).toHaveLength(2);
    expect((await served(ports)).meta.releases[0]?.version).toBe(newer);
  });
});
