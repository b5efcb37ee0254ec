/** Staged rows -> verdict; red waits in quarantine. */
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { versionOfKey } from '#lib/flows/stage-keys.ts';
import { onObjectCreated } from '#lib/runtime/hosts/object-created.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';

export const trigger = objectCreated('staged/', '/report.json');

export const handler = onObjectCreated('run-gate', ({ key }, ports) =>
  gateWorkbook(versionOfKey(key), ports),
);
