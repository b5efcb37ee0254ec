/**
 * Decisions of people on a version: objects numbered from 1 on, each created once, so that of several who decide at the same
 * moment one is first and the others weigh theirs again. Each is in the audit trail too; what a crash left out is added
 * when the decision is carried out.
 */

import type { z } from 'zod';
import type { Caller } from '#lib/domain/access.ts';
import type { Hold } from '#lib/domain/four-eyes.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { type QuarantineDecision, quarantineDecision } from '#schemas/quarantine.ts';
import { type AuditPorts, recordDecision } from './audit.ts';
import { requireJson, toJson } from './json-objects.ts';
import { quarantined } from './run-gate.ts';
import { type DecisionTopic, decisionKey, decisionPrefix, gateRetryKey } from './stage-keys.ts';
import { judgedGate } from './standing-gate.ts';
import { storableTexts } from './storable-json.ts';

/** What every decision has. */
interface Decided {
  readonly version: string;
  readonly number: number;
  readonly decision: string;
  readonly subject: string;
  readonly tenant: string;
  readonly decided_at: string;
}

/** Oldest first. */
export async function decisionsOn<Decision>(
  objects: ObjectStore,
  prefix: string,
  schema: z.ZodType<Decision>,
): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for await (const { key } of objects.list(prefix)) decisions.push(await requireJson(objects, key, schema));
  return decisions;
}

/** @returns false when somebody else decided at the same moment. */
export async function keepDecision(
  topic: DecisionTopic,
  decision: Decided,
  objects: ObjectStore,
): Promise<boolean> {
  const key = decisionKey(decision.version, topic, decision.number);
  const put = await objects.put(key, toJson(decision), { expect: 'absent', contentType: 'application/json' });
  return put.outcome === 'stored';
}

/** Once, however often it is called; with U+FFFD for what no database takes, so that a kept decision is always told of. */
export async function auditDecision(
  topic: DecisionTopic,
  decision: Decided & { readonly reason: string | null },
  ports: AuditPorts,
): Promise<void> {
  const { version, number, decision: what, subject, tenant, decided_at, ...details } = decision;
  const { by, ...entry } = storableTexts({
    action: `${topic}.${what}`,
    object: version,
    details: { number, decided_at, ...details },
    event_id: decisionKey(version, topic, number),
    by: { subject, tenant } satisfies Pick<Caller, 'subject' | 'tenant'>,
  });
  await recordDecision(entry, ports, by);
}

/** A workbook in quarantine with what was decided on it; undefined when it is not there. Who sent it is not looked up. */
export async function holdOf(
  objects: ObjectStore,
  version: string,
): Promise<Omit<Hold, 'senders'> | undefined> {
  if ((await quarantined(objects, version)) === undefined) return undefined;
  const decisions = await decisionsOn<QuarantineDecision>(
    objects,
    decisionPrefix(version, 'quarantine'),
    quarantineDecision,
  );
  const retry = decisions.findLast(({ decision }) => decision === 'retry');
  const judged = await judgedGate(objects, version);
  // The result is written after the quarantine: a gate that died between the two runs again first.
  if (judged === undefined) return undefined;
  const isRetried = retry === undefined || judged.key === gateRetryKey(version, retry.number);
  return { gate: judged.gate, isRetried, decisions };
}
