/** The `aws` command line as users have it; skipped where it is not installed. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { KEYS, runningGateway } from './running-gateway.ts';

const environment = {
  ...process.env,
  AWS_ACCESS_KEY_ID: KEYS.access_key,
  AWS_SECRET_ACCESS_KEY: KEYS.secret_key,
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_PAGER: '',
};

async function aws(...words: string[]): Promise<string> {
  return (await promisify(execFile)('aws', words, { env: environment })).stdout;
}

it('aws s3 cp carries small and multipart files up and down', { timeout: 120_000 }, async ({ skip }) => {
  const running = await runningGateway();
  const from = join(running.folder, 'from');
  const back = join(running.folder, 'back');
  mkdirSync(from);
  writeFileSync(join(from, 'EOD PW+é.txt'), 'hello');
  writeFileSync(join(from, 'big.bin'), randomBytes(20 * 1024 ** 2));
  const s3 = (...words: string[]) => aws('--endpoint-url', running.url, 's3', 'cp', '--recursive', ...words);
  try {
    await s3(from, 's3://aurum/raw/', '--metadata', 'vendor=pw');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    skip('there is no aws command on PATH');
  }
  await s3('s3://aurum/raw/', back);
  for (const name of ['EOD PW+é.txt', 'big.bin']) {
    expect(readFileSync(join(back, name)).equals(readFileSync(join(from, name))), name).toBe(true);
  }
  expect(running.errors).toEqual([]);
});
