/**
 * Released days on the local stores and the servers that answer from them, each in a process of its own. A folder that
 * holds the days already is used as it is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { StagedFile, Tables } from '#lib/ports/tables.ts';
import { release } from '#tests/fixtures/release.ts';
import { curveTable } from '#tests/unit/parquet/curve-tables.ts';

const ROOT = join(import.meta.dirname, '../../..');
const BUCKET = 'aurum';
export const CURVES = 231;
export const TENORS = 120;
/** Before all others, so that no day's newest row is among its. */
export const LARGE_DAY = '2024-08-30';

export interface Child {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it has said so. */
  said(pattern: RegExp): Promise<void>;
  stop(): Promise<void>;
}

/** A process that says on which port it listens, by a line that `ready` matches. */
export async function started(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<Child> {
  const child: ChildProcess = spawn(command, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, AURUM_ENV_FILE: '/dev/null', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const heard = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(text);
        if (found !== null) resolve(found);
      };
      child.stderr!.on('data', look);
      child.stdout!.on('data', look);
      child.once('exit', (code) =>
        reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${text}`)),
      );
      look();
    });
  for (const stream of [child.stderr!, child.stdout!]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  }
  const port = Number((await heard(ready))[1] ?? 0);
  return {
    pid: child.pid!,
    port,
    said: async (pattern) => void (await heard(pattern)),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

export interface Site {
  readonly home: string;
  readonly days: readonly string[];
  /** Data files as they were released, `{day}.parquet`. */
  readonly parquet: string;
  readonly gateway: Child;
  readonly env: NodeJS.ProcessEnv;
}

export const dayOf = (day: number): string =>
  new Date(Date.UTC(2024, 8, 2) + day * 86_400_000).toISOString().slice(0, 10);

/** @param s3_port a free one */
export async function openSite(home: string, rows: number, s3_port: number): Promise<Site> {
  const env = {
    AURUM_HOME: home,
    AURUM_S3_PORT: String(s3_port),
    AURUM_S3_ENDPOINT: `http://127.0.0.1:${s3_port}`,
  };
  const gateway = await started(process.execPath, ['local/start.ts', '--s3-only'], env, /only S3, at/);
  const parquet = join(home, 'parquet');
  mkdirSync(parquet, { recursive: true });
  const days = Array.from({ length: Math.max(1, Math.round(rows / (CURVES * TENORS))) }, (_, day) =>
    dayOf(day),
  );
  const marker = join(home, 'released');
  if (!existsSync(marker) || readFileSync(marker, 'utf8') !== String(rows)) {
    const objects = s3ObjectStore({
      endpoint: env.AURUM_S3_ENDPOINT,
      region: 'us-east-1',
      bucket: BUCKET,
      access_key: 'minio',
      secret_key: 'minio123',
      force_path_style: true,
    });
    await releaseDays(objects, [...days, LARGE_DAY], parquet);
    writeFileSync(marker, String(rows));
  }
  return { home, days, parquet, gateway, env };
}

async function releaseDays(objects: ObjectStore, days: readonly string[], parquet: string): Promise<void> {
  const tables = localTables({ objects, bucket: BUCKET });
  const files: StagedFile[] = [];
  for (const [day, asof_date] of days.entries()) {
    files.push(...(await stagedDay(objects, tables, asof_date, day + 1, parquet)));
  }
  const base = (await tables.head('main'))!;
  const committed_at = '2025-12-31T00:00:00.000Z';
  const request = { branch: 'eod_bench', base, files, summary: { 'aurum.version': 'bench' }, committed_at };
  const commit = await tables.commit(request);
  if (commit.outcome !== 'committed') throw new Error('somebody else releases here');
  await tables.fastForward(commit.head, base);
}

async function stagedDay(
  objects: ObjectStore,
  tables: Tables,
  asof_date: string,
  seed: number,
  parquet: string,
): Promise<StagedFile[]> {
  const curves = asof_date === LARGE_DAY ? Math.ceil(1e6 / TENORS) : CURVES;
  const table = curveTable({ asof_date, curves, tenors: TENORS, seed });
  const version = `${asof_date.replaceAll('-', '')}-${hash('sha256', asof_date, 'hex').slice(0, 16)}`;
  const known_at = `${asof_date}T21:00:00.000Z`;
  const staged = await tables.stageCurves(table, version, known_at);
  writeFileSync(join(parquet, `${asof_date}.parquet`), (await objects.get(staged.key))!.body);
  const { source_file, length: row_count } = table;
  const record = release({
    version,
    vendor: 'xx',
    asof_date,
    known_at,
    source_file,
    row_count,
    data_file: staged.key,
  });
  return [staged, await tables.stageRows('market.curve_release', { version, at: known_at }, [record])];
}

/** The server of Knative with the functions of the API. */
export function startApi({ env }: Site, flags: readonly string[] = []): Promise<Child> {
  return started(
    process.execPath,
    [...flags, 'lib/runtime/hosts/function-server.ts'],
    {
      ...env,
      AURUM_FUNCTION: 'api',
      AURUM_AUTH: 'development',
      PORT: '0',
      AURUM_RATE_PER_MINUTE: '1000000000',
      AURUM_CONCURRENCY: '256',
    },
    /"event":"server_ready","port":(\d+)/,
  );
}
