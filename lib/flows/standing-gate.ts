/**
 * Which gate result holds for a version. The first one is never changed: a gate that is run again and an override write
 * objects of their own beside it.
 */
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { type GateResult, gateResult } from '#schemas/stages.ts';
import { readJson, requireJson } from './json-objects.ts';
import { gateOverrideKey, gateResultKey, gateRetryPrefix } from './stage-keys.ts';

export interface StandingGate {
  /** The object that holds it. */
  readonly key: string;
  readonly gate: GateResult;
}

/** The override, else the newest retry, else the first result; undefined when the gate never ran. */
export async function standingGate(objects: ObjectStore, version: string): Promise<StandingGate | undefined> {
  const judged = await judgedGate(objects, version);
  if (judged === undefined || judged.gate.verdict === 'green') return judged;
  const key = gateOverrideKey(version);
  const overridden = await readJson(objects, key, gateResult);
  return overridden === undefined ? judged : { key, gate: overridden };
}

/** The gate's own newest result, whatever people decided on it. */
export async function judgedGate(objects: ObjectStore, version: string): Promise<StandingGate | undefined> {
  const first = gateResultKey(version);
  const gate = await readJson(objects, first, gateResult);
  if (gate === undefined || gate.verdict === 'green') return gate && { key: first, gate };
  let key = first;
  for await (const retry of objects.list(gateRetryPrefix(version))) key = retry.key;
  return { key, gate: key === first ? gate : await requireJson(objects, key, gateResult) };
}
