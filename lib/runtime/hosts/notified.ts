/** A bucket notification that comes by a queue, given to the functions whose triggers its objects are for. */
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import type { Trigger } from '#lib/runtime/triggers.ts';

export interface EventFunction {
  readonly name: string;
  readonly trigger: Trigger;
  /** Takes the envelope of a bucket notification and throws what may be tried again. */
  readonly handler: (envelope: object, context: object) => Promise<unknown>;
}

/** An object that was created: its key decoded, and the record that says so. */
export interface NotifiedObject {
  readonly key: string;
  readonly record: object;
}

/** @throws when it is no notification, or a key in it is not form-encoded. */
export function notifiedObjects(envelope: unknown): NotifiedObject[] {
  const { Records } = objectEvent.parse(envelope);
  return Records.flatMap((record) =>
    objectsCreated({ Records: [record] }).map(({ key }) => ({ key, record })),
  );
}

/** One function after another, each with its own records alone. */
export async function deliver(
  functions: readonly EventFunction[],
  created: readonly NotifiedObject[],
): Promise<void> {
  for (const { trigger, handler } of functions) {
    const Records = created.filter(({ key }) => isFor(trigger, key)).map(({ record }) => record);
    if (Records.length > 0) await handler({ Records }, {});
  }
}

function isFor(trigger: Trigger, key: string): boolean {
  if (trigger.kind !== 'object-created') return false;
  return key.startsWith(trigger.prefix) && key.endsWith(trigger.suffix ?? '');
}
