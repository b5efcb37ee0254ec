/** Who sent a workbook is what the audit trail says; a name that whoever has a key of the store wrote is no name. */
import { describe, expect, test } from 'vitest';
import { memoryAudit } from '#lib/adapters/audit/memory.ts';
import { recordDecision } from '#lib/flows/audit.ts';
import { decideHotfix, showImpact } from '#lib/flows/decide-hotfix.ts';
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { showQuarantined } from '#lib/flows/query-ingest.ts';
import { sendersOf, uploadDecision } from '#lib/flows/uploader.ts';
import { chainPorts, FIXED_NOW } from '#tests/fixtures/chain.ts';
import { APPROVE, by, deliver, follow, OVERRIDE } from '#tests/local/decisions/steps.ts';

const APPROVED = { decision: 'approve', reason: 'checked' } as const;
/** As an S3 client writes it, and as a proof of another workbook would look. */
const FORGED = { 'uploaded-by': 'ghost', 'uploaded-by-proof': '0'.repeat(64) };

describe('a name in the metadata of the object', () => {
  test('does not let one person send a correction and release it', async () => {
    const ports = chainPorts({ hotfix_approval: true });
    await deliver(ports, {}, '01');
    const version = await deliver(ports, { seed: 2 }, '02', undefined, FORGED);
    expect((await showImpact({ version }, ports)).meta).toMatchObject({
      uploaded_by: null,
      approvals_missing: 2,
    });
    const { meta } = await decideHotfix({ version, body: APPROVED }, ports, by('mallory'));
    expect(meta).toMatchObject({ state: 'waiting', approvals_missing: 1 });
    await follow(version, ports);
    expect(await ports.tables.releases('main')).toHaveLength(1);
  });

  test('says nothing of a red workbook, and keeps nobody from deciding on it', async () => {
    const ports = chainPorts();
    const named = { 'uploaded-by': 'bob' };
    const version = await deliver(ports, { corrupt: 'crossed-bid-ask' }, '01', undefined, named);
    expect((await showQuarantined({ version }, ports)).data.standing.uploaded_by).toBeNull();
    await decideQuarantine({ version, body: OVERRIDE }, ports, by('mallory'));
    const own = decideQuarantine({ version, body: APPROVE }, ports, by('mallory'));
    await expect(own).rejects.toMatchObject({ code: 'own_override_forbidden' });
    const other = await decideQuarantine({ version, body: APPROVE }, ports, by('bob'));
    expect(other.meta.state).toBe('approved');
  });

  test('does not outdo the trail: who sent a red workbook does not approve it', async () => {
    const ports = chainPorts();
    const version = await deliver(ports, { corrupt: 'crossed-bid-ask' }, '01', 'uma', FORGED);
    expect((await showQuarantined({ version }, ports)).data.standing.uploaded_by).toBe('uma');
    await decideQuarantine({ version, body: OVERRIDE }, ports, by('ann'));
    const own = decideQuarantine({ version, body: APPROVE }, ports, by('uma'));
    await expect(own).rejects.toMatchObject({ code: 'own_upload_forbidden' });
  });
});

test('senders are those of these bytes under this key, each once, however many came since', async () => {
  const ports = { audit: memoryAudit(), clock: { now: () => FIXED_NOW } };
  const sent = { key: 'raw/vendor_curves/2025-09-12/a.xlsx', etag: 'e', sha256: 'a'.repeat(64) };
  const send = (subject: string, part: Partial<typeof sent> = {}) =>
    recordDecision(uploadDecision({ ...sent, ...part }), ports, by(subject));
  await send('uma');
  await send('bob');
  await send('uma');
  for (let at = 0; at < 150; at++) await send('eve', { sha256: String(at).padStart(64, 'b') });
  await send('dan', { key: 'raw/vendor_curves/2025-09-12/b.xlsx' });
  await recordDecision(
    { action: 'export.create', object: sent.key, details: { sha256: sent.sha256 } },
    ports,
    by('cyd'),
  );
  expect(await sendersOf(sent, ports.audit)).toEqual(['uma', 'bob']);
  expect(await sendersOf({ ...sent, sha256: 'c'.repeat(64) }, ports.audit)).toEqual([]);
});
