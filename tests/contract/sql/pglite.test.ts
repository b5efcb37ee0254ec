import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { sqlCases } from './cases.ts';

const root = join(import.meta.dirname, '../../..');
const ddl = readFileSync(join(root, 'ddl/postgres/app.sql'), 'utf8');
const home = mkdtempSync(join(tmpdir(), 'aurum-pglite-'));
const memory = pgliteSql({ ddl });
afterAll(async () => {
  await memory.close();
  rmSync(home, { recursive: true });
});

sqlCases('PGlite', () => memory);

describe('PGlite in a folder', () => {
  const made = join(home, 'made');
  beforeAll(async () => {
    const sql = pgliteSql({ dir: made, ddl });
    await sql.migrate();
    await sql.close();
  });
  /** A folder of its own with an empty database: copied, for making one takes ten times as long. */
  const folder = (name: string) => {
    const dir = join(home, name);
    cpSync(made, dir, { recursive: true });
    return dir;
  };
  const script = join(import.meta.dirname, 'sql-process.ts');
  const sources = (sql: Sql) =>
    sql.transaction('aurum_api', (tx) =>
      tx.query<{ name: string }>('SELECT name FROM ingest_source ORDER BY name'),
    );

  test('what a killed process committed is there, what it did not is not', async () => {
    const dir = folder('killed');
    const { signal, stderr } = spawnSync(process.execPath, [script, dir, 'die'], { encoding: 'utf8' });
    expect(signal, stderr).toBe('SIGKILL');
    const sql = pgliteSql({ dir, ddl });
    expect(await sources(sql)).toEqual([{ name: 'committed' }]);
    await sql.close();
    expect(existsSync(`${dir}.lock`)).toBe(false);
  });

  test('a second holder is told who has the folder, and gets it afterwards', async () => {
    const dir = folder('held');
    const child = spawn(process.execPath, [script, dir, 'hold'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const sql = pgliteSql({ dir, ddl });
    const refused = {
      code: 'database_in_use',
      kind: 'busy',
      message: expect.stringContaining(`process ${child.pid}`),
    };
    await expect(sources(sql)).rejects.toMatchObject(refused);
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(await sources(sql)).toEqual([{ name: 'held' }]);
    await expect(sources(pgliteSql({ dir, ddl }))).rejects.toMatchObject({ code: 'database_in_use' });
    await sql.close();
  });

  test('a first start that died is begun again, a lock of a process long gone is taken', async () => {
    const dir = folder('unfinished');
    rmSync(join(dir, 'global'), { recursive: true });
    writeFileSync(`${dir}.unfinished`, '');
    writeFileSync(`${dir}.lock`, `${process.pid} 1\n`);
    const sql = pgliteSql({ dir, ddl });
    expect(await sources(sql)).toEqual([]);
    await sql.close();
    expect(existsSync(`${dir}.unfinished`)).toBe(false);
  });

  test('a folder that is no database is left alone and named, and the call may be tried again', async () => {
    const dir = folder('damaged');
    const sql = pgliteSql({ dir, ddl });
    const control = join(dir, 'global', 'pg_control');
    const content = readFileSync(control);
    writeFileSync(control, 'damaged');
    await expect(sources(sql)).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(existsSync(`${dir}.lock`)).toBe(false);
    writeFileSync(control, content);
    expect(await sources(sql)).toEqual([]);
    await sql.close();
  });
});
