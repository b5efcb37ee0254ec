/** Schemas of topics in a real registry, and our records as the registry's own client reads them. */
import { SchemaRegistry as ConfluentRegistry } from '@kafkajs/confluent-schema-registry';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { ingestError, ingestErrorTopic } from '#events/ingest-error.ts';
import { type KafkaEventBus, kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { kafkaClient, kafkaCluster } from '#lib/adapters/event-bus/kafka-client.ts';
import { kafkaLog } from '#lib/adapters/event-bus/kafka-log.ts';
import { schemaRegistry } from '#lib/adapters/event-bus/kafka-registry.ts';
import { checkSchema, registerSchemas } from '#lib/adapters/event-bus/kafka-schemas.ts';
import { ensureTopics } from '#lib/adapters/event-bus/kafka-topics.ts';
import { readArguments } from '#lib/runtime/cli/command.ts';
import { command as schemas } from '#lib/runtime/cli/commands/schemas.ts';
import { readings } from '#tests/contract/event-bus/cases.ts';
import { months } from '#tests/fixtures/rows.ts';
import { absent, deploy, newInstallation, registry_url, removeInstallations } from './kafka-cluster.ts';

describe.skipIf(absent !== undefined)(`schema registry${absent === undefined ? '' : `: ${absent}`}`, () => {
  const registry = schemaRegistry({ registry_url });
  const buses: KafkaEventBus[] = [];
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await removeInstallations();
  });

  test('a schema is missing, then equal, and registering it again changes nothing', async () => {
    const { topic_prefix } = newInstallation();
    const states = async () => checkSchema(registry, alertTopic, topic_prefix);
    expect(await states()).toMatchObject({ state: 'missing', version: null, compatibility: null });
    await registerSchemas(registry, [alertTopic], { topic_prefix, dry_run: true });
    expect(await states()).toMatchObject({ state: 'missing' });
    await registerSchemas(registry, [alertTopic], { topic_prefix });
    const registered = { state: 'equal', version: 1, compatibility: 'BACKWARD', problems: [] };
    expect(await states()).toMatchObject(registered);
    await registerSchemas(registry, [{ ...alertTopic, description: 'Said otherwise' }], { topic_prefix });
    expect(await states()).toMatchObject(registered);
  });

  test('an addition is registered, what it replaced is superseded', async () => {
    const { topic_prefix } = newInstallation();
    await registerSchemas(registry, [readings()], { topic_prefix });
    const later = readings({ quality: z.string().nullable() });
    expect(await checkSchema(registry, later, topic_prefix)).toMatchObject({
      state: 'compatible',
      version: 1,
    });
    await registerSchemas(registry, [later], { topic_prefix });
    expect(await checkSchema(registry, later, topic_prefix)).toMatchObject({ state: 'equal', version: 2 });
    await registerSchemas(registry, [readings()], { topic_prefix });
    expect(await checkSchema(registry, readings(), topic_prefix)).toMatchObject({
      state: 'superseded',
      version: 2,
    });
  });

  test.each([
    ['loses a field', { level: undefined }, 'level'],
    ['narrows a type', { level: z.int() }, 'level'],
    ['adds a field without a default', { quality: z.string() }, 'quality'],
    ['drops a value of an enum', { kind: z.enum(['rain']) }, 'kind'],
  ])('a schema that %s is refused naming the field, and nothing is registered', async (_, change, field) => {
    const { topic_prefix } = newInstallation();
    await registerSchemas(registry, [readings()], { topic_prefix });
    const shape = { ...(readings().schema as z.ZodObject).shape, ...change };
    const kept = Object.fromEntries(Object.entries(shape).filter(([, type]) => type !== undefined));
    const changed = { ...readings(), schema: z.strictObject(kept as z.core.$ZodLooseShape) };
    await expect(registerSchemas(registry, [alertTopic, changed], { topic_prefix })).rejects.toMatchObject({
      code: 'schema_incompatible',
      kind: 'refused',
      place: { field },
    });
    expect(await checkSchema(registry, alertTopic, topic_prefix)).toMatchObject({ state: 'missing' });
    expect(await checkSchema(registry, readings(), topic_prefix)).toMatchObject({
      state: 'equal',
      version: 1,
    });
  });

  test('published records are what the registry’s own client reads', async () => {
    const settings = newInstallation();
    await deploy(settings, [curveObservationTopic]);
    const bus = kafkaEventBus(settings);
    buses.push(bus);
    const rows = months('2025-10-01', [46.75, 5e-324, 0.1 + 0.2]);
    await bus.publish(curveObservationTopic, 'v1', rows);
    const log = kafkaLog(kafkaCluster(settings, kafkaClient(settings)));
    const topic = settings.topic_prefix + curveObservationTopic.name;
    const slices = await Promise.all(
      [...(await log.offsets(topic, 'start')).keys()].map((partition) =>
        log.slice({ topic, partition, from: 0 }),
      ),
    );
    await log.close();
    const confluent = new ConfluentRegistry({ host: registry_url });
    const read = await Promise.all(
      slices.flatMap(({ messages }) => messages).map(({ value }) => confluent.decode(value!)),
    );
    expect(read).toMatchObject(
      rows.map(({ value, curve_key, price_type, source_cell }) => ({
        value,
        curve_key,
        price_type,
        source_cell,
      })),
    );
  });

  test('without its schema or its topic nothing is published, and the remedy is said', async () => {
    const settings = newInstallation();
    const bus = kafkaEventBus(settings);
    buses.push(bus);
    await expect(bus.publish(alertTopic, 'v1', [])).rejects.toMatchObject({
      code: 'topic_missing',
      kind: 'busy',
      remedy: expect.stringContaining('npm run bootstrap'),
    });
    await ensureTopics(settings, [alertTopic], settings);
    await expect(bus.publish(alertTopic, 'v1', [])).rejects.toMatchObject({
      code: 'schema_unregistered',
      kind: 'busy',
      remedy: expect.stringContaining('aurum schemas register'),
    });
    await registerSchemas(registry, [alertTopic], settings);
    expect(await bus.publish(alertTopic, 'v1', [])).toBe('published');
  });

  test('`aurum schemas` says what may follow, refuses what may not, and registers nothing then', async () => {
    const { topic_prefix } = newInstallation();
    const AURUM_DLQ_TOPIC = `${topic_prefix}errors.v1`;
    const errors = async (...argv: string[]) => {
      const told: string[] = [];
      const out: string[] = [];
      const code = await schemas.run(readArguments(schemas, argv), {
        out: async (data) => {
          out.push(String(data));
        },
        tell: (text) => {
          told.push(text);
        },
        terminal: false,
        environment: { AURUM_SCHEMA_REGISTRY_URL: registry_url, AURUM_DLQ_TOPIC },
      });
      const lines = out.join('').trim().split('\n');
      const line = lines.map((text) => JSON.parse(text)).find(({ topic }) => topic === AURUM_DLQ_TOPIC);
      return { code, line, told: told.join('') };
    };
    expect(await errors('check')).toMatchObject({ code: undefined, line: { state: 'missing' } });
    expect(await errors('set-compat', 'FULL')).toMatchObject({
      line: { before: null, compatibility: 'FULL' },
    });
    expect(await errors('check')).toMatchObject({ line: { state: 'missing', compatibility: 'FULL' } });
    const older = ingestError.extend({ severity: z.string() });
    await registerSchemas(registry, [{ ...ingestErrorTopic, name: AURUM_DLQ_TOPIC, schema: older }]);
    const refused = {
      code: 2,
      line: { state: 'incompatible' },
      told: expect.stringContaining('Field severity'),
    };
    expect(await errors('check')).toMatchObject(refused);
    expect(await errors('register')).toMatchObject(refused);
    expect(await registry.latest(`${AURUM_DLQ_TOPIC}-value`)).toMatchObject({ version: 1 });
    await expect(errors('set-compat', 'UPWARD')).rejects.toMatchObject({ code: 'level_unknown' });
    await expect(errors('check', 'all')).rejects.toMatchObject({ code: 'argument_unknown' });
    await expect(errors('remove')).rejects.toMatchObject({ code: 'action_unknown' });
  });

  test('topics are created once and reported when somebody repartitioned them', async () => {
    const settings = newInstallation();
    const ensure = async (partitions: number) => {
      const ensured = await ensureTopics(settings, [{ ...alertTopic, partitions }], settings);
      return ensured.map(({ outcome }) => outcome);
    };
    expect(await ensure(2)).toEqual(['created', 'created', 'created']);
    expect(await ensure(2)).toEqual(['exists', 'exists', 'exists']);
    expect(await ensure(3)).toEqual(['repartitioned', 'exists', 'exists']);
  });

  test('services that do not answer, or are something else, are named', async () => {
    const none = schemaRegistry({ registry_url: 'http://127.0.0.1:1' });
    const named = { code: 'schema_registry_unavailable', kind: 'busy' };
    await expect(none.latest('x')).rejects.toMatchObject({
      ...named,
      message: expect.stringContaining('127.0.0.1:1'),
    });
    const other = schemaRegistry({ registry_url: new URL(registry_url).origin });
    await expect(other.latest('x')).rejects.toMatchObject(named);
    const away = kafkaEventBus({ ...newInstallation(), brokers: ['127.0.0.1:1'] });
    const unavailable = { code: 'kafka_unavailable', message: expect.stringContaining('127.0.0.1:1') };
    await expect(away.publish(alertTopic, 'v1', [])).rejects.toMatchObject(unavailable);
    await expect(away.read(alertTopic)[Symbol.asyncIterator]().next()).rejects.toMatchObject(unavailable);
    await away.close();
  });
});
