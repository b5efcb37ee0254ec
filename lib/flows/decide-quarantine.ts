/** What people decide on a workbook in quarantine is weighed and kept; carrying it out is the chain's. */
import type { Caller } from '#lib/domain/access.ts';
import { type AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { type Hold, stateOf, weighDecision } from '#lib/domain/four-eyes.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type {
  QuarantineDecision,
  QuarantineDecisionAnswer,
  QuarantineDecisionRequest,
} from '#schemas/quarantine.ts';
import type { AuditPorts } from './audit.ts';
import { auditDecision, holdOf, keepDecision } from './decisions.ts';
import { storableJson } from './storable-json.ts';
import { sendersOf } from './uploader.ts';

export interface DecidePorts extends AuditPorts {
  readonly objects: ObjectStore;
}

/** Whoever loses a race weighs again; nobody loses this often. */
const ATTEMPTS = 20;

/** @throws AurumError (refused) as `weighDecision`; `quarantine_not_found`. */
export async function decideQuarantine(
  { version, body }: { readonly version: string; readonly body: QuarantineDecisionRequest },
  ports: DecidePorts,
  { subject, tenant }: Pick<Caller, 'subject' | 'tenant'>,
): Promise<QuarantineDecisionAnswer> {
  // Whatever the trail does not take is refused before it is kept: kept, it would be told of never and tried for ever.
  storableJson({ body, subject, tenant });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const hold = await heldWorkbook(version, ports);
    const weighed = weighDecision(body, subject, hold);
    if ('already' in weighed) {
      await auditDecision('quarantine', weighed.already, ports);
      return answerOf('already', weighed.already, stateOf(hold));
    }
    const decision: QuarantineDecision = {
      version,
      number: hold.decisions.length + 1,
      decision: body.decision,
      subject,
      tenant,
      reason: body.reason ?? null,
      decided_at: ports.clock.now(),
      ...weighed,
    };
    if (!(await keepDecision('quarantine', decision, ports.objects))) continue;
    await auditDecision('quarantine', decision, ports);
    const decisions = [...hold.decisions, decision];
    return answerOf('recorded', decision, stateOf({ ...hold, decisions, isRetried: false }));
  }
  throw busy('decisions_contended', `others decide on ${version} at the same moment`);
}

/** With who sent it. @throws AurumError `quarantine_not_found` */
export async function heldWorkbook(
  version: string,
  { objects, audit }: Pick<DecidePorts, 'objects' | 'audit'>,
): Promise<Hold> {
  const hold = await holdOf(objects, version);
  if (hold === undefined) throw notInQuarantine(version);
  return { ...hold, senders: await sendersOf(hold.gate.report.source, audit) };
}

function answerOf(
  outcome: QuarantineDecisionAnswer['meta']['outcome'],
  data: QuarantineDecision,
  state: QuarantineDecisionAnswer['meta']['state'],
): QuarantineDecisionAnswer {
  return { meta: { version: data.version, outcome, state }, data };
}

function notInQuarantine(version: string): AurumError {
  return refusal('quarantine_not_found', `no workbook version ${version} is in quarantine`, {
    field: 'version',
    remedy: 'GET /v1/quarantine lists what is.',
  });
}
