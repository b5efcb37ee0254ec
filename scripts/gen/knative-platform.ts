/** Around the functions: routes of the API on Traefik, topics for Strimzi, catalogs of Trino. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Topic } from '#events/topic.ts';
import { platformTopics, type TopicSettings } from '#lib/adapters/event-bus/kafka-topics.ts';
import type { FunctionFile } from './knative-functions.ts';

const HOST = 'aurum.example.com';
const TRAEFIK = 'traefik.io/v1alpha1';
/** Where Knative's own gateway listens inside the cluster; it finds the service by the host of the request. */
const GATEWAY = { name: 'kourier-internal', namespace: 'kourier-system', port: 80 };

/** Each route of the API behind sign-in and limits, and the host header by which Knative finds its service. */
export function routes(functions: readonly FunctionFile[]): object[] {
  const api = functions.flatMap(({ name, trigger }) =>
    trigger.kind === 'http' ? [{ name, ...trigger }] : [],
  );
  const route = {
    apiVersion: TRAEFIK,
    kind: 'IngressRoute',
    metadata: { name: 'aurum-api' },
    spec: {
      entryPoints: ['websecure'],
      tls: { secretName: 'aurum-api-tls' },
      routes: api
        .map(({ name, method, path }) => ({
          kind: 'Rule',
          match: `Host(\`${HOST}\`) && ${pathRule(path)} && (Method(\`${method}\`)${method === 'GET' ? ' || Method(`HEAD`)' : ''})`,
          middlewares: [...doors(path), 'limits', 'security-headers', hostOf(name)].map((each) => ({
            name: each,
          })),
          services: [GATEWAY],
        }))
        .concat(signIn),
    },
  };
  return [route, ...api.map(({ name }) => hostHeader(name))];
}

/** A page leads to the provider where a route says 401. */
const doors = (path: string): string[] =>
  path.startsWith('/v1/') || path.startsWith('/hooks/') ? ['sign-in'] : ['sign-in-page', 'sign-in'];

/** The provider's way back, and its own pages. */
const signIn = {
  kind: 'Rule',
  match: `Host(\`${HOST}\`) && PathPrefix(\`/oauth2/\`)`,
  middlewares: [{ name: 'security-headers' }],
  services: [{ name: 'oauth2-proxy', namespace: 'sign-in', port: 4180 }],
};

const hostOf = (name: string) => `host-of-${name}`;

function hostHeader(name: string): object {
  const headers = { customRequestHeaders: { Host: `${name}.aurum.svc.cluster.local` } };
  return { apiVersion: TRAEFIK, kind: 'Middleware', metadata: { name: hostOf(name) }, spec: { headers } };
}

function pathRule(path: string): string {
  if (!path.includes('{')) return `Path(\`${path}\`)`;
  return `PathRegexp(\`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$\`)`;
}

/** Where a broker puts the events it gave up on. */
const UNDELIVERED: TopicSettings = {
  name: 'aurum.storage.undelivered.v1',
  partitions: 1,
  retention_ms: 30 * 24 * 60 * 60 * 1_000,
};

/** Every topic of `events/` and those of the platform, as bootstrap would make them. */
export async function topics(): Promise<object[]> {
  return [...(await topicsOfEvents()), ...platformTopics, UNDELIVERED].map(kafkaTopic);
}

function kafkaTopic({ name, partitions, compacted, retention_ms = -1 }: TopicSettings): object {
  const kept = compacted === true ? { 'cleanup.policy': 'compact' } : { 'retention.ms': retention_ms };
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: { name, labels: { 'strimzi.io/cluster': 'aurum' } },
    spec: { partitions, replicas: 3, config: { 'min.insync.replicas': 2, ...kept } },
  };
}

async function topicsOfEvents(): Promise<Topic<unknown>[]> {
  const files = readdirSync('events').filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(
    files.sort().map((file) => import(pathToFileURL(resolve('events', file)).href)),
  );
  return modules.flatMap((module) => Object.values(module as object).filter(isTopic));
}

function isTopic(value: unknown): value is Topic<unknown> {
  return typeof value === 'object' && value !== null && 'partitions' in value && 'key' in value;
}

/** `ddl/trino/catalog/*.properties` for Trino's pods; secrets in them are names of its environment. */
export function trinoCatalogs(): object {
  const folder = 'ddl/trino/catalog';
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.properties')) : [];
  const data = Object.fromEntries(
    files.sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'trino-catalogs' }, data };
}
