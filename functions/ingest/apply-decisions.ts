/** A decision of people -> what follows from it. */
import { applyDecisions } from '#lib/flows/apply-decisions.ts';
import { DECISIONS, versionOfKey } from '#lib/flows/stage-keys.ts';
import { onObjectCreated } from '#lib/runtime/hosts/object-created.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';

export const trigger = objectCreated(DECISIONS, '.json');

export const handler = onObjectCreated('apply-decisions', ({ key }, ports) =>
  applyDecisions(versionOfKey(key), ports),
);
