/** Green or overridden gate result -> rows on `main`. */
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { versionOfKey } from '#lib/flows/stage-keys.ts';
import { onObjectCreated } from '#lib/runtime/hosts/object-created.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';

export const trigger = objectCreated('gated/', '.json');

export const handler = onObjectCreated('release-curves', ({ key }, ports) =>
  releaseWorkbook(versionOfKey(key), ports),
);
