/**
 * Inputs that a stage fails on again and again: the tries are counted beside the data, and after the last one the input
 * goes to the dead-letter topic with its reason, so that it does not hold up the others.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { IngestError } from '#events/ingest-error.ts';
import type { ObjectCreated } from '#events/object-created.ts';
import type { Topic } from '#events/topic.ts';
import type { ErrorDetail } from '#lib/domain/errors.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { readJson, toJson } from './json-objects.ts';

export const MAX_TRIES = 5;

export interface DeadLetterPorts {
  readonly objects: ObjectStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly errorTopic: Topic<IngestError>;
}

const tries = z.strictObject({ count: z.int() });

/** Counts a failed try. @returns true when it was the last one and the input is in the dead-letter topic. */
export async function giveUpAfterTries(
  stage: string,
  event: ObjectCreated,
  error: ErrorDetail,
  ports: DeadLetterPorts,
): Promise<boolean> {
  const key = `tries/${stage}/${hash('sha256', `${event.key}|${event.etag ?? ''}`, 'hex')}.json`;
  const count = ((await readJson(ports.objects, key, tries))?.count ?? 0) + 1;
  await ports.objects.put(key, toJson({ count }));
  if (count < MAX_TRIES) return false;
  await deadLetter(stage, event, error, ports);
  return true;
}

/** Puts the input on the dead-letter topic, once per stage and content. */
export async function deadLetter(
  stage: string,
  event: ObjectCreated,
  error: ErrorDetail,
  ports: Omit<DeadLetterPorts, 'objects'>,
): Promise<void> {
  const { code, message, remedy, sheet, cell, field } = error;
  const value: IngestError = {
    failed_at: ports.clock.now(),
    stage,
    source: event.key,
    etag: event.etag ?? null,
    code,
    message,
    remedy: remedy ?? null,
    sheet: sheet ?? null,
    cell: cell ?? null,
    field: field ?? null,
  };
  await ports.bus.publish(ports.errorTopic, `${stage}|${event.key}|${event.etag ?? ''}`, [value]);
}
