/** One Avro schema file per topic of `events/`, as consumers and a schema registry take it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Topic } from '#events/topic.ts';
import { avroSchema } from '#lib/avro/schema.ts';

const EVENTS = join(import.meta.dirname, '../../events');
const topics = await topicsOf(EVENTS);

/** The content of each `schemas/avro/{topic}.avsc`, by path. */
export function avroFiles(): Map<string, string> {
  return new Map(
    topics.map(({ name, schema, description }) => [
      `schemas/avro/${name}.avsc`,
      `${JSON.stringify(avroSchema(name, schema, description), undefined, 2)}\n`,
    ]),
  );
}

async function topicsOf(folder: string): Promise<readonly Topic<unknown>[]> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort();
  const modules = await Promise.all(files.map((file): Promise<object> => import(join(folder, file))));
  return modules.flatMap((module) => Object.values(module).filter(isTopic));
}

function isTopic(value: unknown): value is Topic<unknown> {
  return typeof value === 'object' && value !== null && 'partitions' in value && 'schema' in value;
}
