/**
 * Carries out what people decided on a version: an approved override becomes the gate result that releases it, a rejected
 * workbook is marked, a gate is run again, an approved correction is merged. Each step is void the second time, and what
 * is decided but not done yet is done by whoever comes next: the decision's own event, or the sweep.
 */
import { overriddenGate, stateOf } from '#lib/domain/four-eyes.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { type HotfixDecision, hotfixDecision } from '#schemas/hotfix.ts';
import type { QuarantineState } from '#schemas/quarantine.ts';
import type { AuditPorts } from './audit.ts';
import { auditDecision, decisionsOn, holdOf } from './decisions.ts';
import { toJson, writeOnce } from './json-objects.ts';
import { type ReleaseOutcome, type ReleasePorts, releaseWorkbook } from './release-curves.ts';
import { type GatePorts, gateAgain } from './run-gate.ts';
import { decisionPrefix, gateOverrideKey, rejectedKey } from './stage-keys.ts';

export interface ApplyPorts extends AuditPorts, GatePorts, ReleasePorts {}

/** @returns how the workbook stands in quarantine, and where a correction came; null where nobody decided. */
export async function applyDecisions(
  version: string,
  ports: ApplyPorts,
): Promise<{ readonly quarantine: QuarantineState | null; readonly release: ReleaseOutcome | null }> {
  return { quarantine: await applyQuarantine(version, ports), release: await applyHotfix(version, ports) };
}

async function applyQuarantine(version: string, ports: ApplyPorts): Promise<QuarantineState | null> {
  const hold = await holdOf(ports.objects, version);
  if (hold === undefined) return null;
  for (const decision of hold.decisions) await auditDecision('quarantine', decision, ports);
  const state = stateOf(hold);
  if (state === 'rejected') await markRejected(version, ports.objects);
  if (state === 'retrying') await gateAgain(version, hold.decisions.at(-1)!.number, ports);
  // Its object is what triggers the release.
  if (state === 'approved') await keepOverride(version, ports.objects);
  return state;
}

/** The red result with the override that releases it, once it is approved. */
export async function keepOverride(version: string, objects: ObjectStore): Promise<void> {
  const hold = await holdOf(objects, version);
  const overridden = hold && overriddenGate(hold);
  if (overridden !== undefined) await writeOnce(objects, gateOverrideKey(version), toJson(overridden));
}

/** What the sweep need not look at again. */
const markRejected = (version: string, objects: ObjectStore) =>
  writeOnce(objects, rejectedKey(version), toJson({ version }));

async function applyHotfix(version: string, ports: ApplyPorts): Promise<ReleaseOutcome | null> {
  const decisions = await decisionsOn<HotfixDecision>(
    ports.objects,
    decisionPrefix(version, 'hotfix'),
    hotfixDecision,
  );
  if (decisions.length === 0) return null;
  for (const decision of decisions) await auditDecision('hotfix', decision, ports);
  const outcome = await releaseWorkbook(version, ports);
  if (outcome === 'rejected') await markRejected(version, ports.objects);
  return outcome;
}
