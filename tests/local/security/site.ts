/** The API as a container serves it, over an S3 gateway with two released workbooks; one for all attacks. */
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
import { startS3Gateway } from '../../../local/s3/gateway.ts';

export const DAY = '2025-09-12';
export const VENDORS = ['pw', 'eugp'] as const;

export interface SecuritySite {
  readonly url: string;
  readonly home: string;
  /** Settings of the process, and of a command line beside it. */
  readonly environment: Record<string, string>;
  /** By vendor. */
  readonly versions: Readonly<Record<string, string>>;
  token(role: Role, tenant?: string): Promise<string>;
  /** All the process said so far. */
  log(): string;
  close(): Promise<void>;
}

export async function securitySite(secrets: {
  readonly s3: string;
  readonly events: string;
}): Promise<SecuritySite> {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-security-'));
  const home = join(folder, 'home');
  const keys = { access_key: 'minio', secret_key: secrets.s3 };
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
    AURUM_S3_SECRET_KEY: secrets.s3,
    AURUM_EVENT_TOKEN: secrets.events,
    AURUM_RATE_PER_MINUTE: '1000000',
  };
  const folders = new Set(functionList.map(({ name }) => name.split('/')[0]!));
  const host = await hostProcess('function-server', {
    ...environment,
    AURUM_FUNCTION: [...folders].join(','),
  });
  if (host.url.endsWith(':0')) throw new Error(`the API did not start: ${host.log()}`);
  const tokens = new Map<string, Promise<string>>();
  return {
    url: host.url,
    home,
    environment: { ...environment, AURUM_API_URL: host.url },
    versions,
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
