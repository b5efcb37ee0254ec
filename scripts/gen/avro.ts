/** One Avro schema file per topic of `events/`, as consumers and a schema registry take it. */
import type { Topic } from '#events/topic.ts';
import { avroSchema } from '#lib/avro/schema.ts';
import { exportsOf } from './modules.ts';

const topics = (await exportsOf('events')).map(([, value]) => value).filter(isTopic);

/** The content of each `schemas/avro/{topic}.avsc`, by path. */
export function avroFiles(): Map<string, string> {
  return new Map(
    topics.map(({ name, schema, description }) => [
      `schemas/avro/${name}.avsc`,
      `${JSON.stringify(avroSchema(name, schema, description), undefined, 2)}\n`,
    ]),
  );
}

function isTopic(value: unknown): value is Topic<unknown> {
  return typeof value === 'object' && value !== null && 'partitions' in value && 'schema' in value;
}
