/** Released version -> instruments and watermark in the operational database. */
import { describeRelease } from '#lib/flows/describe-release.ts';
import { versionOfKey } from '#lib/flows/stage-keys.ts';
import { onObjectCreated } from '#lib/runtime/hosts/object-created.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';

export const trigger = objectCreated('released/', '.json');

export const handler = onObjectCreated('describe-release', ({ key }, ports) =>
  describeRelease(versionOfKey(key), ports),
);
