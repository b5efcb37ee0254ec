/** A gateway on a free port and a fresh folder, restartable on the same folder, gone after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type S3Gateway, type S3GatewayOptions, startS3Gateway } from '../../../local/s3/gateway.ts';

export const KEYS = { access_key: 'minio', secret_key: 'minio123' };

export interface RunningGateway {
  readonly folder: string;
  readonly url: string;
  readonly port: number;
  /** Causes of internal errors; a test that expects none finds them here. */
  readonly errors: unknown[];
  gateway(): S3Gateway;
  restart(options?: Partial<S3GatewayOptions>): Promise<void>;
}

export async function runningGateway(options: Partial<S3GatewayOptions> = {}): Promise<RunningGateway> {
  const folder = options.data_dir ?? mkdtempSync(join(tmpdir(), 'aurum-s3-'));
  const errors: unknown[] = [];
  const start = (port: number, more: Partial<S3GatewayOptions>) =>
    startS3Gateway({
      port,
      data_dir: folder,
      buckets: ['aurum'],
      on_log: (line) => void (line.error !== undefined && errors.push(line.error)),
      ...KEYS,
      ...more,
    });
  let gateway = await start(0, options);
  const { url, port } = gateway;
  onTestFinished(async () => {
    await gateway.close();
    if (options.data_dir === undefined) rmSync(folder, { recursive: true });
  });
  return {
    folder,
    url,
    port,
    errors,
    gateway: () => gateway,
    async restart(more = {}) {
      await gateway.close();
      gateway = await start(port, { ...options, ...more });
    },
  };
}
