/** What the tests of decisions do, over in-memory stores: deliver a workbook, let the events follow, look at what came of it. */

import { hash } from 'node:crypto';
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { recordDecision } from '#lib/flows/audit.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { uploadDecision } from '#lib/flows/uploader.ts';
import { curveQuery } from '#schemas/curve-query.ts';
import type { QuarantineDecisionRequest } from '#schemas/quarantine.ts';
import { BUCKET, type ChainPorts, FIXED_NOW, runChain } from '#tests/fixtures/chain.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

export const DAY = '2025-09-12';
export const by = (subject: string) => ({ subject, tenant: 'house' });
export const OVERRIDE = {
  decision: 'override',
  expectations: ['crossed_bid_ask'],
  reason: 'as the broker quoted it',
} satisfies QuarantineDecisionRequest;
export const APPROVE = { decision: 'approve' } satisfies QuarantineDecisionRequest;
export const REJECT = { decision: 'reject', reason: 'not ours' } satisfies QuarantineDecisionRequest;

/** Delivers a generated workbook; who sent it is known where a name is given, whatever the object says of itself. */
export async function deliver(
  ports: ChainPorts,
  sample: Parameters<typeof sampleFile>[2],
  sequencer: string,
  sender?: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { file, bytes } = await sampleFile('pw', DAY, sample);
  const key = `raw/vendor_curves/${DAY}/${file}`;
  const put = await ports.objects.put(key, bytes, { metadata });
  if (put.outcome !== 'stored') throw new Error('an unconditional put was refused');
  const sent = { key, etag: put.etag, sha256: hash('sha256', bytes, 'hex') };
  if (sender !== undefined) await recordDecision(uploadDecision(sent), ports, by(sender));
  const place = { bucket: BUCKET, key, etag: put.etag, version_id: undefined };
  return (await runChain(ports, { ...place, sequencer, event_time: FIXED_NOW }))!;
}

export const red = (ports: ChainPorts, sender?: string) =>
  deliver(ports, { corrupt: 'crossed-bid-ask' }, '01', sender);

/** The events that follow from what was decided. */
export async function follow(version: string, ports: ChainPorts): Promise<void> {
  await applyDecisions(version, ports);
  const outcome = await releaseWorkbook(version, ports);
  if (outcome === 'released' || outcome === 'already') await publishWorkbook(version, ports);
}

export const served = async (ports: ChainPorts, query: Record<string, string> = {}) =>
  queryCurves(curveQuery.parse({ limit: '10000', ...query }), ports, STAFF);
export const published = async (ports: ChainPorts) => {
  let count = 0;
  for await (const _ of ports.bus.read(ports.curveTopic)) count += 1;
  return count;
};
/** What was decided, without what was sent. */
export const actions = async (ports: ChainPorts) =>
  (await ports.audit.list({ limit: 100 }))
    .filter(({ action }) => action !== 'workbook.upload')
    .map(({ action, subject }) => `${action} ${subject}`)
    .reverse();
