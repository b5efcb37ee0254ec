/** `aurum schemas`: what the schema registry holds of our topics, and what it should hold. */
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import { qaResultTopic } from '#events/qa-result.ts';
import type { CompatibilityLevel, SchemaRegistry } from '#lib/adapters/event-bus/kafka-registry.ts';
import type { TopicSchema } from '#lib/adapters/event-bus/kafka-schemas.ts';
import { refusal } from '#lib/domain/errors.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { type Command, type CommandIo, usageError } from '../command.ts';
import { EXIT_REFUSED } from '../errors.ts';
import { counted } from '../text.ts';

const flag = (description: string) => ({ value: 'yes', description, choices: ['yes'], flag: true });

/** What the actions work on. */
interface Registered {
  readonly registry: SchemaRegistry;
  readonly topics: readonly TopicSchema[];
  readonly dry_run: boolean;
}

export const command: Command = {
  name: 'schemas',
  summary: 'compare the schemas of the topics with the registry, register them',
  usage: [
    'schemas check',
    'aurum schemas register [--dry-run]',
    'aurum schemas set-compat [LEVEL] [--dry-run]',
  ].join('\n       '),
  details: [
    'check says of each topic whether its schema is registered, may be, or may not follow the registered one.',
    'register registers what is missing or changed, with BACKWARD compatibility; nothing when one may not follow.',
    'set-compat sets the level of every subject, BACKWARD unless another is named.',
    'One JSON line per topic on stdout. Exit 2 when a schema may not follow the registered one.',
  ].join('\n'),
  options: { 'dry-run': flag('only say what would be done') },
  run: async ({ positionals: [action, level, ...more], options }, io) => {
    const dry_run = options['dry-run'] !== undefined;
    if (more.length > 0 || (level !== undefined && action !== 'set-compat')) {
      throw usageError('argument_unknown', `"${more[0] ?? level}" is one argument too many`, 'schemas');
    }
    switch (action) {
      case 'check':
        return register({ ...(await registered(io)), dry_run: true }, io);
      case 'register':
        return register({ ...(await registered(io)), dry_run }, io);
      case 'set-compat':
        return setCompatibility({ ...(await registered(io)), dry_run }, level, io);
      default:
        throw usageError('action_unknown', 'say `check`, `register` or `set-compat`', 'schemas');
    }
  },
};

async function registered(io: CommandIo): Promise<Omit<Registered, 'dry_run'>> {
  const { AURUM_SCHEMA_REGISTRY_URL: registry_url, AURUM_DLQ_TOPIC } = readConfig(io.environment);
  if (registry_url === undefined) {
    throw refusal('setting_missing', 'there is no schema registry', {
      field: 'AURUM_SCHEMA_REGISTRY_URL',
      remedy: 'Set it to the address of the Confluent-compatible interface.',
    });
  }
  const { schemaRegistry } = await import('#lib/adapters/event-bus/kafka-registry.ts');
  const errorTopic = { ...ingestErrorTopic, name: AURUM_DLQ_TOPIC };
  const topics = [
    curveObservationTopic,
    qaResultTopic,
    alertTopic,
    errorTopic,
    ppaRequestTopic,
    ppaValuationTopic,
  ];
  return { registry: schemaRegistry({ registry_url }), topics };
}

async function register(
  { registry, topics, dry_run }: Registered,
  io: CommandIo,
): Promise<number | undefined> {
  const { checkSchema, registerSchemas } = await import('#lib/adapters/event-bus/kafka-schemas.ts');
  const states = await Promise.all(topics.map((topic) => checkSchema(registry, topic)));
  for (const state of states) await io.out(`${JSON.stringify(state)}\n`);
  const refused = states.filter(({ state }) => state === 'incompatible');
  for (const { topic, problems } of refused) {
    for (const { message } of problems) io.tell(`aurum: ${topic}: ${message}\n`);
  }
  if (refused.length > 0) return EXIT_REFUSED;
  const wanting = states.filter(({ state }) => state === 'missing' || state === 'compatible');
  if (!dry_run) await registerSchemas(registry, topics);
  io.tell(`${counted(wanting.length, 'schema')} ${dry_run ? 'to register' : 'registered'}\n`);
  return undefined;
}

async function setCompatibility(
  { registry, topics, dry_run }: Registered,
  wanted: string | undefined,
  io: CommandIo,
): Promise<undefined> {
  const { COMPATIBILITY_LEVELS } = await import('#lib/adapters/event-bus/kafka-registry.ts');
  const { COMPATIBILITY, subjectOf } = await import('#lib/adapters/event-bus/kafka-schemas.ts');
  const level: CompatibilityLevel | undefined =
    wanted === undefined ? COMPATIBILITY : COMPATIBILITY_LEVELS.find((known) => known === wanted);
  if (level === undefined) {
    throw usageError(
      'level_unknown',
      `a level is one of ${COMPATIBILITY_LEVELS.join(', ')}, not "${wanted}"`,
      'schemas',
    );
  }
  for (const { name } of topics) {
    const subject = subjectOf(name);
    const before = (await registry.compatibility(subject)) ?? null;
    if (!dry_run && before !== level) await registry.setCompatibility(subject, level);
    await io.out(
      `${JSON.stringify({ topic: name, subject, before, compatibility: dry_run ? before : level })}\n`,
    );
  }
}
