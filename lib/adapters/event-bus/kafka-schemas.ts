/** Schemas of topics in the registry: what is there, whether today's may follow it, and its registration. */
import type { Topic } from '#events/topic.ts';
import { compatible } from '#lib/avro/compatibility.ts';
import { avroSchema, schemaFingerprint } from '#lib/avro/schema.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { CompatibilityLevel, SchemaRegistry } from './kafka-registry.ts';

/** What a topic says of its values. */
export type TopicSchema = Pick<Topic<unknown>, 'name' | 'description' | 'schema'>;

export const COMPATIBILITY: CompatibilityLevel = 'BACKWARD';

export interface SchemaState {
  readonly topic: string;
  readonly subject: string;
  /**
   * `equal` to the latest but for its docs, `superseded` by a later one, `compatible` and to be registered, `missing`
   * altogether, or `incompatible`.
   */
  readonly state: 'equal' | 'superseded' | 'compatible' | 'missing' | 'incompatible';
  /** Of the latest registered one. */
  readonly version: number | null;
  readonly compatibility: CompatibilityLevel | null;
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

/** Subject of a topic's values. */
export const subjectOf = (topic: string): string => `${topic}-value`;

/** @param topic_prefix before each topic's name, where several installations share a registry. */
export async function checkSchema(
  registry: SchemaRegistry,
  topic: TopicSchema,
  topic_prefix = '',
): Promise<SchemaState> {
  const schema = schemaOf(topic);
  const subject = subjectOf(topic_prefix + topic.name);
  const latest = await registry.latest(subject);
  const compatibility = (await registry.compatibility(subject)) ?? null;
  const state = { topic: topic.name, subject, version: latest?.version ?? null, compatibility };
  if (latest === undefined) return { ...state, state: 'missing', problems: [] };
  if (schemaFingerprint(latest.schema) === schemaFingerprint(schema))
    return { ...state, state: 'equal', problems: [] };
  if (await registry.find(subject, schema)) return { ...state, state: 'superseded', problems: [] };
  const { problems } = compatible(latest.schema, schema);
  const objections = problems.length > 0 ? [] : await registry.objections(subject, schema);
  const all = [...problems, ...objections.map((message) => ({ field: '', message }))];
  return { ...state, state: all.length === 0 ? 'compatible' : 'incompatible', problems: all };
}

/**
 * Registers what is missing or changed; what is equal stays as it is.
 * @returns what was found before.
 * @throws AurumError `schema_incompatible` naming the field, with nothing registered.
 */
export async function registerSchemas(
  registry: SchemaRegistry,
  topics: readonly TopicSchema[],
  { topic_prefix = '', dry_run = false }: { readonly topic_prefix?: string; readonly dry_run?: boolean } = {},
): Promise<readonly SchemaState[]> {
  const states = await Promise.all(topics.map((topic) => checkSchema(registry, topic, topic_prefix)));
  requireCompatible(states);
  if (dry_run) return states;
  for (const [index, { subject, state, compatibility }] of states.entries()) {
    if (compatibility === null) await registry.setCompatibility(subject, COMPATIBILITY);
    if (state === 'missing' || state === 'compatible')
      await registry.register(subject, schemaOf(topics[index]!));
  }
  return states;
}

const schemaOf = ({ name, schema, description }: TopicSchema) => avroSchema(name, schema, description);

function requireCompatible(states: readonly SchemaState[]): void {
  const [first] = states.filter(({ state }) => state === 'incompatible');
  if (first === undefined) return;
  const { topic, problems } = first;
  throw refusal('schema_incompatible', `${topic}: ${problems.map(({ message }) => message).join(' ')}`, {
    ...(problems[0]!.field === '' ? {} : { field: problems[0]!.field }),
    remedy: 'Keep the old fields and add nullable ones, or publish to a new topic version.',
  });
}
