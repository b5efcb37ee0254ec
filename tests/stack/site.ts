/**
 * An installation on the stack's services for one test file: bootstrapped, composed in this process, its functions in
 * processes as their containers run them, and a market day that no other run uses, so that the shared stores need not be
 * empty.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { expect } from 'vitest';
import { raw, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { vaultClient } from '#lib/adapters/secrets/vault-client.ts';
import { compose, type Platform } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { runChain, upload } from '#tests/fixtures/chain.ts';
import { type HostProcess, hostProcess } from '#tests/fixtures/host-process.ts';
import { type People, type Person, peopleAt } from '#tests/fixtures/people.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { run } from '#tests/unit/cli/run.ts';

const NEEDED = [
  'AURUM_S3_ENDPOINT',
  'AURUM_KAFKA_BROKERS',
  'AURUM_SCHEMA_REGISTRY_URL',
  'AURUM_NESSIE_URL',
  'AURUM_TRINO_URL',
  'AURUM_POSTGRES_URL',
  'AURUM_REDIS_URL',
  'AURUM_VAULT_ADDR',
  'AURUM_VAULT_TOKEN',
];
const missing = NEEDED.filter((name) => process.env[name] === undefined);
export const absent = missing.length > 0;
/** For the name of a suite. */
export const whyAbsent = absent ? ` (skipped: ${missing.join(', ')} not set)` : '';

const second = Math.floor(Date.now() / 1_000);
/** Another in every run: content of a workbook that was never there. */
export const SEED = second % 1_000_000;

export const daysAfter = (day: string, days: number) =>
  new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/** A market day of this run's in the eight years from that one on; each test file has its own years. */
export const ownDay = (year: number) => daysAfter(`${year}-01-01`, second % 3_000);

type Settings = Readonly<Record<string, string>>;

export interface StackSite {
  readonly home: string;
  readonly environment: Settings;
  readonly platform: Platform;
  /** A process of functions, ended with the site. */
  serve(functions: string, settings?: Settings): Promise<HostProcess>;
  peopleAt(server: HostProcess): People;
  /** The body of an answer that must be a good one. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many routes.
  call(server: HostProcess, who: Person, path: string, sent?: object): Promise<any>;
  /** Takes a generated workbook through all stages in this process. */
  release(vendor: string, day: string, seed?: number): Promise<void>;
  /** Rows of a statement on the lake's tables. */
  trino(text: string): Promise<readonly (readonly unknown[])[]>;
  /** `aurum ...`, with the settings of the site. */
  aurum(argv: readonly string[], settings?: Settings): ReturnType<typeof run>;
  /** Ends all of it; none of the processes may have met a fault of its own. */
  close(): Promise<void>;
}

/** @param settings before bootstrap @param prepared settings of all processes, made once bootstrap has prepared the services */
export async function stackSite(
  name: string,
  settings: Settings = {},
  prepared: () => Promise<Settings> = async () => ({}),
): Promise<StackSite> {
  const home = mkdtempSync(join(tmpdir(), `aurum-stack-${name}-`));
  const own = Object.entries(process.env).filter(([key]) => key.startsWith('AURUM_'));
  const given = { ...Object.fromEntries(own), AURUM_HOME: home, AURUM_AUTH: 'development', ...settings };
  const bootstrapped = await run(['bootstrap'], { environment: given });
  expect(bootstrapped.code, bootstrapped.told).toBe(0);
  const environment: Settings = { ...given, ...(await prepared()) };
  const platform = await compose(readConfig(environment));
  const servers: HostProcess[] = [];
  return {
    home,
    environment,
    platform,
    async serve(functions, more = {}) {
      const env = { ...environment, AURUM_FUNCTION: functions, ...more };
      const server = await hostProcess('function-server', env);
      servers.push(server);
      expect(server.url, server.log()).not.toMatch(/:0$/);
      return server;
    },
    peopleAt: (server) => peopleAt(server.url, home),
    async call(server, who, path, sent) {
      const { status, body } = await peopleAt(server.url, home).ask(who, path, sent);
      expect(status, [JSON.stringify(body), ...faultsOf(server)].join('\n')).toBeLessThan(300);
      return body;
    },
    async release(vendor, day, seed = 1) {
      const { file, bytes } = await sampleFile(vendor, day, { seed });
      const event = await upload(platform as never, file, day, bytes, '01');
      expect(await runChain(platform as never, event)).toMatch(/^\d{8}-/);
    },
    trino(text) {
      const { AURUM_TRINO_URL: url, AURUM_TRINO_USER: user } = platform.config;
      return trinoSql({ url: url!, user, catalog: 'iceberg', schema: 'market' }).query(raw(text));
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await platform.close();
      rmSync(home, { recursive: true, force: true });
      expect(servers.flatMap(faultsOf)).toEqual([]);
    },
    aurum: (argv, more = {}) => run(argv, { environment: { ...environment, ...more } }),
  };
}

/** What a process logged as its own fault. */
const faultsOf = (server: HostProcess): string[] =>
  server
    .log()
    .split('\n')
    .filter((line) => line.includes('"level":"error"'));

/** Wakes a function that waits for a topic, as its KafkaSource does with a record's event. */
export async function wake({ url }: HostProcess, name: string, topic: string): Promise<void> {
  const answer = await fetch(`${url}/events/${name}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-type': 'dev.knative.kafka.event',
      'ce-source': `/apis/v1/namespaces/aurum/kafkasources/${name}#${topic}`,
      'ce-id': String(Date.now()),
    },
    body: '{}',
  });
  expect(answer.status).toBeLessThan(300);
}

interface MinioKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** MinIO's own client, as the stack's administrator where no keys are given. */
export function minioClient(keys?: MinioKeys): Client {
  const { AURUM_S3_ENDPOINT, AURUM_S3_ACCESS_KEY, AURUM_S3_SECRET_KEY } = process.env;
  const { hostname, port } = new URL(AURUM_S3_ENDPOINT!);
  const administrator = { accessKey: AURUM_S3_ACCESS_KEY!, secretKey: AURUM_S3_SECRET_KEY! };
  return new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...(keys ?? administrator) });
}

export const rawKey = (day: string, file: string) => `raw/vendor_curves/${day}/${file}`;

/** Role of Vault that bootstrap prepares when it is set. */
export const LENT_ROLE = 'aurum-lent';

/** An AppRole in place of Vault's own token, and an address of PostgreSQL with no login in it: one must be borrowed. */
export async function borrowing(): Promise<Settings> {
  const { AURUM_VAULT_ADDR: address, AURUM_VAULT_TOKEN: token, AURUM_POSTGRES_URL } = process.env;
  const root = vaultClient({ address: address!, auth: { token: token! } });
  const id = await root.ask('GET', 'auth/approle/role/aurum/role-id');
  const made = await root.ask('POST', 'auth/approle/role/aurum/secret-id', {});
  const { role_id } = (id.body as { data: { role_id: string } }).data;
  const { secret_id } = (made.body as { data: { secret_id: string } }).data;
  const url = new URL(AURUM_POSTGRES_URL!);
  url.username = '';
  url.password = '';
  return {
    AURUM_VAULT_TOKEN: '',
    AURUM_VAULT_ROLE_ID: role_id,
    AURUM_VAULT_SECRET_ID: secret_id,
    AURUM_POSTGRES_URL: url.href,
  };
}
