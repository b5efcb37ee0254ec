/** The deployment files against what they deploy: functions, settings, topics, object keys. Their shape is checked by schema. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import {
  gateResultKey,
  quarantinePrefix,
  RAW_PREFIX,
  refusedKey,
  releasedKey,
  releaseIntentKey,
  stagedReportKey,
} from '#lib/flows/stage-keys.ts';
import { settings } from '#lib/runtime/config.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { functionListFiles } from '../../../scripts/gen/function-list.ts';
import { knativeFiles } from '../../../scripts/gen/knative.ts';
import { cron } from '../../../scripts/gen/knative-functions.ts';
import { functionFiles } from '../../../scripts/gen/serverless.ts';

const functions = await functionFiles();
const generated = await knativeFiles(functions);
const documents = (path: string) =>
  parseAllDocuments(generated.get(path) ?? readFileSync(path, 'utf8')).map((one) => one.toJS());

test('the files are what the functions say', () => {
  for (const [path, content] of [...generated, ...functionListFiles(functions)])
    expect([path, readFileSync(path, 'utf8')]).toEqual([path, content]);
});

const service = z.object({
  kind: z.literal('Service'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    template: z.object({
      spec: z.object({
        containerConcurrency: z.number(),
        serviceAccountName: z.string(),
        containers: z.tuple([z.object({ env: z.array(z.object({ name: z.string(), value: z.string() })) })]),
      }),
    }),
  }),
});

test('each function but the probes is a service that runs it, with as many requests as it takes', () => {
  const services = [...generated.keys()]
    .filter((path) => /base\/functions\/(?!accounts|kustomization)/.test(path))
    .map((path) => service.parse(documents(path)[0]));
  const runs = services.map(({ metadata, spec: { template } }) => {
    const { containerConcurrency, containers } = template.spec;
    const env = Object.fromEntries(containers[0].env.map(({ name, value }) => [name, value]));
    expect(env.AURUM_CONCURRENCY).toBe(String(containerConcurrency));
    expect(env.AURUM_FUNCTION).toMatch(new RegExp(`/${metadata.name}$`));
    return env.AURUM_FUNCTION!;
  });
  const deployed = functionList
    .map(({ name }) => name)
    .filter((name) => name !== 'api/health' && name !== 'api/ready');
  expect(runs.sort()).toEqual(deployed.sort());
  const stack = z
    .object({ functions: z.record(z.string(), z.unknown()) })
    .parse(parse(generated.get('knative/openfaas/stack.yml')!));
  expect(Object.keys(stack.functions)).toHaveLength(deployed.length);
});

test('a trigger lets through exactly the keys its function waits for', () => {
  const filters = z.object({
    spec: z.object({
      filters: z.tuple([z.object({ all: z.array(z.record(z.string(), z.record(z.string(), z.string()))) })]),
    }),
  });
  const passes = (name: string, key: string) => {
    const event: Record<string, string> = { type: 'dev.knative.kafka.event', key: `aurum/${key}` };
    const [{ all }] = filters.parse(documents(`knative/base/functions/${name}.yaml`)[1]).spec.filters;
    return all.every((filter) =>
      Object.entries(filter).every(([dialect, wanted]) =>
        Object.entries(wanted).every(([attribute, value]) => says(dialect, event[attribute]!, value)),
      ),
    );
  };
  const says = (dialect: string, given: string, value: string) =>
    dialect === 'prefix'
      ? given.startsWith(value)
      : dialect === 'suffix'
        ? given.endsWith(value)
        : dialect === 'exact' && given === value;
  const keys = {
    'parse-workbook': `${RAW_PREFIX}2025-09-12/EOD PW.xlsx`,
    'run-gate': stagedReportKey('v'),
    'release-curves': gateResultKey('v'),
    'publish-curves': releasedKey('v'),
  };
  for (const name of Object.keys(keys)) {
    expect(
      Object.entries(keys)
        .filter(([, key]) => passes(name, key))
        .map(([of]) => of),
    ).toEqual([name]);
    expect(passes(name, `${keys[name as keyof typeof keys]}.tmp/x`)).toBe(name === 'parse-workbook');
  }
});

test.each([
  ['rate(1 minute)', '* * * * *'],
  ['rate(5 minutes)', '*/5 * * * *'],
  ['rate(1 hour)', '0 * * * *'],
  ['rate(6 hours)', '0 */6 * * *'],
  ['rate(1 day)', '0 0 * * *'],
])('%s is %s', (rate, expected) => {
  expect(cron(rate)).toBe(expected);
});

test.each(['rate(7 minutes)', 'rate(0 minutes)', 'rate(2 days)', 'cron(0 0 * * *)'])(
  '%s has no equal in cron',
  (rate) => {
    expect(() => cron(rate)).toThrow(rate);
  },
);

test('every setting in these files is one the process knows, with a value it takes', () => {
  const base = parseEnv(readFileSync('knative/base/settings.env', 'utf8'));
  const overlay = z.object({ configMapGenerator: z.array(z.object({ literals: z.array(z.string()) })) });
  for (const environment of readdirSync('knative/overlays')) {
    const { configMapGenerator } = overlay.parse(
      parse(readFileSync(`knative/overlays/${environment}/kustomization.yaml`, 'utf8')),
    );
    const merged = {
      ...base,
      ...parseEnv(configMapGenerator.flatMap(({ literals }) => literals).join('\n')),
    };
    expect(z.strictObject(settings.shape).safeParse(merged).error).toBeUndefined();
  }
});

test('the routes of the gateway are the routes of the API', () => {
  const [{ spec }] = documents('knative/platform/traefik/routes.yaml') as [
    { spec: { routes: { match: string; middlewares: { name: string }[] }[] } },
  ];
  const paths = functions.flatMap(({ trigger }) =>
    trigger.kind === 'http' && !['/health', '/ready'].includes(trigger.path) ? [trigger.path] : [],
  );
  const ofApi = spec.routes.filter(({ match }) => !match.includes('PathPrefix(`/oauth2/`)'));
  expect(ofApi).toHaveLength(paths.length);
  expect(spec.routes).toHaveLength(paths.length + 1);
  for (const { match, middlewares } of ofApi) {
    expect(match).toMatch(/^Host\(`[\w.]+`\) && Path(Regexp)?\(`/);
    expect(middlewares).toContainEqual({ name: 'sign-in' });
  }
});

const acls = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    authorization: z.object({
      acls: z.array(
        z.object({
          resource: z.object({ type: z.string(), name: z.string(), patternType: z.string() }),
          operations: z.array(z.string()),
        }),
      ),
    }),
  }),
});

test("each topic has exactly one kind of writer, and only the broker reads the bucket's events", () => {
  const users = documents('knative/platform/kafka/users.yaml').map((user) => acls.parse(user));
  const may = (operation: string, topic: string) =>
    users
      .filter(({ spec }) =>
        spec.authorization.acls.some(
          ({ resource: { type, name, patternType }, operations }) =>
            type === 'topic' &&
            operations.includes(operation) &&
            (patternType === 'prefix' ? topic.startsWith(name) : topic === name),
        ),
      )
      .map(({ metadata }) => metadata.name);
  const topics = documents('knative/platform/kafka/topics.yaml').map(
    (topic) => (topic as { metadata: { name: string } }).metadata.name,
  );
  const writers = Object.fromEntries(topics.map((topic) => [topic, may('Write', topic).join()]));
  const known: readonly [RegExp, string][] = [
    [/^aurum\.storage\.event\./, 'minio'],
    [/^aurum\.storage\.undelivered\./, 'knative-events'],
    [/^aurum\.(scenario|ppa)\./, 'aurum-scenario'],
    // Whoever meets trouble says so, and whoever publishes marks it.
    [/^aurum\.(alert|publication)\./, 'aurum-ingest,aurum-scenario'],
  ];
  const writerOf = (topic: string) => known.find(([names]) => names.test(topic))?.[1] ?? 'aurum-ingest';
  expect(writers).toEqual(Object.fromEntries(topics.map((topic) => [topic, writerOf(topic)])));
  expect(may('Read', 'aurum.storage.event.v1')).toEqual(['knative-events']);
  expect(may('Read', 'aurum.alert.v1')).not.toContain('aurum-reader');
});

const policy = z.object({
  Statement: z.array(
    z.object({
      Effect: z.enum(['Allow', 'Deny']),
      Action: z.array(z.string()),
      Resource: z.array(z.string()),
      Condition: z.unknown().optional(),
    }),
  ),
});

/** What a policy says of one action on one object: a denial wins, silence is a denial. */
function allows(role: string, action: string, key: string): boolean {
  const { Statement } = policy.parse(JSON.parse(readFileSync(`knative/platform/minio/${role}.json`, 'utf8')));
  const of = (effect: string) =>
    Statement.some(
      ({ Effect, Action, Resource }) =>
        Effect === effect &&
        Action.includes(`s3:${action}`) &&
        Resource.some((resource) => `arn:aws:s3:::aurum/${key}`.startsWith(resource.replace(/\*$/, ''))),
    );
  return of('Allow') && !of('Deny');
}

const MADE = [
  stagedReportKey('v'),
  refusedKey('v'),
  gateResultKey('v'),
  `${quarantinePrefix('v')}result.json`,
  releaseIntentKey('v'),
  releasedKey('v'),
  'tries/s/x.json',
  'curated/iceberg/x',
  'lake/x',
];
const RAW = `${RAW_PREFIX}2025-09-12/x.xlsx`;

test('an uploader only adds workbooks, the stages only add what they make, the API only reads, nobody deletes a workbook', () => {
  for (const key of MADE) {
    expect([key, allows('ingest', 'PutObject', key), allows('ingest', 'GetObject', key)]).toEqual([
      key,
      true,
      true,
    ]);
    expect([
      key,
      allows('api', 'PutObject', key),
      allows('uploader', 'PutObject', key),
      allows('uploader', 'GetObject', key),
    ]).toEqual([key, false, false, false]);
  }
  for (const key of [releasedKey('v'), 'curated/iceberg/x', `${quarantinePrefix('v')}result.json`])
    expect([key, allows('api', 'GetObject', key)]).toEqual([key, true]);
  for (const key of MADE)
    expect([key, allows('scenario', 'PutObject', key)]).toEqual([key, key.startsWith('curated/')]);
  expect(allows('ingest', 'GetObject', RAW) && !allows('ingest', 'PutObject', RAW)).toBe(true);
  expect(allows('uploader', 'PutObject', RAW) && !allows('uploader', 'GetObject', RAW)).toBe(true);
  for (const role of ['uploader', 'ingest', 'scenario', 'api', 'operator']) {
    expect([role, allows(role, 'DeleteObject', RAW), allows(role, 'DeleteObjectVersion', RAW)]).toEqual([
      role,
      false,
      false,
    ]);
  }
});
