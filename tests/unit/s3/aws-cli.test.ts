/** The `aws` command line as users have it; skipped where it is not installed. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { KEYS, runningGateway } from './running-gateway.ts';

const version = installedVersion();

function installedVersion(): string | undefined {
  try {
    return execFileSync('aws', ['--version'], { encoding: 'utf8', timeout: 30_000 }).trim();
  } catch {
    return undefined;
  }
}

it.skipIf(version === undefined)(
  `aws s3 cp, ls and s3api work (${version ?? 'skipped: there is no aws command on PATH'})`,
  { timeout: 120_000 },
  async () => {
    const running = await runningGateway();
    const aws = async (...words: string[]) => {
      const { stdout } = await promisify(execFile)('aws', ['--endpoint-url', running.url, ...words], {
        env: {
          ...process.env,
          AWS_ACCESS_KEY_ID: KEYS.access_key,
          AWS_SECRET_ACCESS_KEY: KEYS.secret_key,
          AWS_DEFAULT_REGION: 'us-east-1',
          AWS_PAGER: '',
        },
      });
      return stdout;
    };
    const small = join(running.folder, 'EOD PW+é.txt');
    const big = join(running.folder, 'big.bin');
    const back = join(running.folder, 'back.bin');
    writeFileSync(small, 'hello');
    writeFileSync(big, randomBytes(20 * 1024 ** 2));
    await Promise.all([
      aws('s3', 'cp', small, 's3://aurum/raw/x/', '--metadata', 'vendor=pw'),
      aws('s3', 'cp', big, 's3://aurum/big.bin'),
    ]);
    const [listed, head] = await Promise.all([
      aws('s3', 'ls', '--recursive', 's3://aurum/'),
      aws('s3api', 'head-object', '--bucket', 'aurum', '--key', 'raw/x/EOD PW+é.txt'),
      aws('s3', 'cp', 's3://aurum/big.bin', back),
    ]);
    expect(listed).toContain('raw/x/EOD PW+é.txt');
    expect(JSON.parse(head)).toMatchObject({ ContentLength: 5, Metadata: { vendor: 'pw' } });
    expect(readFileSync(back).equals(readFileSync(big))).toBe(true);
    expect(running.errors).toEqual([]);
  },
);
