/** Corrections of what is released: what they change, who lets them in, and what becomes of those that race or come late. */
import { describe, expect, test } from 'vitest';
import { decideHotfix, listHotfixes, showImpact } from '#lib/flows/decide-hotfix.ts';
import { verifyReleases } from '#lib/flows/verify-releases.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { impactAnswer } from '#schemas/hotfix.ts';
import { type ChainPorts, chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { actions, by, DAY, deliver, follow, served } from './steps.ts';

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
    expect(answer.data.uses).toEqual([{ kind: 'export', tenant: 'acme', id: 'e1' }]);
    const before = (await served(ports, { version: first })).data;
    const after = (await served(ports, { version: second })).data;
    expect([rows.before, rows.after]).toEqual([before.length, after.length]);
    const priceAt = new Map(before.map((row) => [placeOf(row), row.value]));
    expect(rows.changed).toBeGreaterThan(0);
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

test('of workbooks that race for a free slot one is released; those sent after it are corrections and wait', async () => {
  const ports = chainPorts({ hotfix_approval: true });
  const events = [];
  for (const seed of [1, 2, 3, 4]) {
    const { file, bytes } = await sampleFile('pw', DAY, { seed });
    events.push(await upload(ports, `${seed}-${file}`, DAY, bytes, `0${seed}`));
  }
  await Promise.all(events.map((event) => runChain(ports, event)));
  const [first, ...stragglers] = await ports.tables.releases('main');
  const place = Number(first!.sequence);
  expect(stragglers.map(({ sequence }) => Number(sequence)).every((sequence) => sequence < place)).toBe(true);
  const waiting = (await listHotfixes({ state: 'waiting' }, ports)).data;
  expect([stragglers.length, waiting.length]).toEqual([place - 1, 4 - place]);
  for (const { supersedes } of waiting) expect(supersedes).toBe(first!.version);
});
