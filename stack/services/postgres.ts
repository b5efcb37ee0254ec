/**
 * PostgreSQL 15 of Debian with its own cluster and passwords as in production, flushing nothing to disk. It refuses
 * root: a root user runs it as `postgres`, whose data folder lies where that account can reach it.
 */
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackage, isRoot, run } from '../command.ts';
import { type Daemon, HOST, port, type Service, type Site } from '../service.ts';

const PORT = port(15432);
const BIN = '/usr/lib/postgresql/15/bin';
const USER = 'aurum';
const PASSWORD = 'aurum';
const DATABASE = 'aurum';
const ACCOUNT = 'postgres';

/** A root user's home folder is closed to others, and the account must be able to walk down to its data. */
const data = (folder: string) =>
  isRoot()
    ? `/var/tmp/aurum-stack-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`
    : join(folder, 'data');
const cluster = (site: Site) => join(site.data, 'cluster');

async function initialise(site: Site, { account }: Daemon): Promise<void> {
  await debianPackage('postgresql-15', () => (existsSync(`${BIN}/initdb`) ? BIN : undefined));
  if (existsSync(join(cluster(site), 'PG_VERSION'))) return;
  const password = join(site.data, 'password');
  writeFileSync(password, PASSWORD);
  const access = ['-U', USER, '-A', 'scram-sha-256', `--pwfile=${password}`];
  const encoding = ['-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  await run(`${BIN}/initdb`, ['-D', cluster(site), ...access, ...encoding], { account });
}

const daemon = (site: Site): Daemon => ({
  argv: [
    `${BIN}/postgres`,
    ...['-D', cluster(site), '-p', String(PORT), '-c', `listen_addresses=${HOST}`],
    ...['-c', 'unix_socket_directories=', '-c', 'shared_buffers=64MB', '-c', 'max_connections=200'],
    ...['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'],
  ],
  ...(isRoot() ? { account: ACCOUNT } : {}),
});

const sql = (database: string, statement: string) =>
  run(`${BIN}/psql`, ['-XqAt', '-h', HOST, '-p', String(PORT), '-U', USER, '-d', database, '-c', statement], {
    environment: { PGPASSWORD: PASSWORD, PGCONNECT_TIMEOUT: '5' },
  });

async function query(): Promise<void> {
  const found = await sql('postgres', `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`);
  if (found.trim() !== '1') await sql('postgres', `CREATE DATABASE ${DATABASE}`);
}

export const postgres: Service = {
  name: 'postgres',
  version: '15',
  ports: [PORT],
  settings: { AURUM_POSTGRES_URL: `postgres://${USER}:${PASSWORD}@${HOST}:${PORT}/${DATABASE}` },
  stop_signal: 'SIGINT', // "fast": open transactions are rolled back, not waited for
  data,
  prepare: initialise,
  daemon,
  query,
};
