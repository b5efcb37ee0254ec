/** Holds a database folder in a process of its own. Arguments: folder; `die` in a transaction, or `hold` until stdin ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';

const [dir, how] = process.argv.slice(2) as [string, 'die' | 'hold'];
const ddl = readFileSync(join(import.meta.dirname, '../../../ddl/postgres/app.sql'), 'utf8');
const sql = pgliteSql({ dir, ddl });
const register = (name: string, then: () => void) =>
  sql.transaction('aurum_ingest', async (tx) => {
    await tx.query('SELECT register_ingest_source($1)', [name]);
    then();
  });

if (how === 'die') {
  await register('committed', () => {});
  await register('lost', () => process.kill(process.pid, 'SIGKILL'));
}
await register('held', () => {});
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.on('end', resolve).resume());
await sql.close();
