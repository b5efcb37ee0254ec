/** The API as a container serves it, over an S3 gateway with two released workbooks and two tenants; what it says of itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import type { Role } from '#lib/domain/access.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import type { RouteTrigger } from '#lib/runtime/triggers.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { hostProcess } from '#tests/fixtures/host-process.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { testToken } from '#tests/fixtures/token.ts';
import { type Ran, run } from '#tests/unit/cli/run.ts';
import { startS3Gateway } from '../../../local/s3/gateway.ts';
import { type Answer, ask, CANARY } from './asking.ts';

export const DAY = '2025-09-12';
const VENDORS = ['pw', 'eugp'] as const;
export const SECRETS = { s3: CANARY('s3'), events: CANARY('events') };
export const counted = (what: string) => process.stderr.write(`security: ${what}\n`);

export interface SecuritySite {
  readonly url: string;
  readonly home: string;
  /** Where its objects are. */
  readonly s3_url: string;
  /** By vendor. */
  readonly versions: Readonly<Record<string, string>>;
  token(role: Role, tenant?: string): Promise<string>;
  ask(path: string, token?: string, init?: RequestInit): Promise<Answer>;
  post(path: string, body: string, token?: string, headers?: Record<string, string>): Promise<Answer>;
  /** The command line beside it. */
  aurum(...argv: string[]): Promise<Ran>;
  /** All the process said so far. */
  log(): string;
  close(): Promise<void>;
}

export async function securitySite(): Promise<SecuritySite> {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-security-'));
  const home = join(folder, 'home');
  const keys = { access_key: 'minio', secret_key: SECRETS.s3 };
  const gateway = await startS3Gateway({
    port: 0,
    data_dir: join(folder, 's3'),
    buckets: ['aurum'],
    ...keys,
  });
  const objects = s3ObjectStore({
    endpoint: gateway.url,
    region: 'us-east-1',
    bucket: 'aurum',
    force_path_style: true,
    ...keys,
  });
  const ports = chainPorts({ objects, expected_vendors: [...VENDORS] });
  const versions: Record<string, string> = {};
  for (const vendor of VENDORS) {
    const { file, bytes } = await sampleFile(vendor, DAY);
    versions[vendor] = (await runChain(ports, await upload(ports, file, DAY, bytes)))!;
  }
  const environment = {
    AURUM_HOME: home,
    AURUM_AUTH: 'development',
    AURUM_S3_ENDPOINT: gateway.url,
    AURUM_S3_SECRET_KEY: SECRETS.s3,
    AURUM_EVENT_TOKEN: SECRETS.events,
    AURUM_RATE_PER_MINUTE: '1000000',
  };
  const folders = new Set(functionList.map(({ name }) => name.split('/')[0]!));
  const host = await hostProcess('function-server', {
    ...environment,
    AURUM_FUNCTION: [...folders].join(','),
  });
  if (host.url.endsWith(':0')) throw new Error(`the API did not start: ${host.log()}`);
  const command_line = { environment: { ...environment, AURUM_API_URL: host.url } };
  const aurum: SecuritySite['aurum'] = (...argv) => run(argv, command_line);
  await tenantsOf(aurum);
  const tokens = new Map<string, Promise<string>>();
  const asked: SecuritySite['ask'] = (path, token, init) => ask(`${host.url}${path}`, token, init);
  return {
    url: host.url,
    home,
    s3_url: gateway.url,
    versions,
    ask: asked,
    post: (path, body, token, headers) =>
      asked(path, token, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      }),
    aurum,
    token: (role, tenant) => {
      const name = `${role} ${tenant}`;
      if (!tokens.has(name)) tokens.set(name, testToken(home, role, tenant));
      return tokens.get(name)!;
    },
    log: host.log,
    close: async () => {
      await host.stop();
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One that is entitled to power of PW, and one to nothing. */
async function tenantsOf(aurum: SecuritySite['aurum']): Promise<void> {
  for (const argv of [
    ['add', 'acme', '--name', 'Acme Power'],
    ['entitle', 'acme', 'PW:power'],
    ['add', 'broke'],
  ]) {
    const { code, told } = await aurum('tenant', ...argv);
    if (code !== 0) throw new Error(`tenant ${argv.join(' ')}: ${told}`);
  }
}

/** Every route with what it asks of its caller. */
export async function routes(): Promise<
  readonly { readonly name: string; readonly trigger: RouteTrigger }[]
> {
  const http = functionList.filter(({ trigger }) => trigger.kind === 'http');
  return Promise.all(
    http.map(async ({ name }) => {
      const { trigger } = (await import(
        /* @vite-ignore */ new URL(`../../../functions/${name}.ts`, import.meta.url).href
      )) as { trigger: RouteTrigger };
      return { name, trigger };
    }),
  );
}
