/** Released version -> `aurum.curve.observation.v1`. */
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { versionOfKey } from '#lib/flows/stage-keys.ts';
import { onObjectCreated } from '#lib/runtime/hosts/object-created.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';

export const trigger = objectCreated('released/', '.json');

export const handler = onObjectCreated('publish-curves', ({ key }, ports) =>
  publishWorkbook(versionOfKey(key), ports),
);
