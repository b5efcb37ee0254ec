/** What bootstrap prepares in a real Vault (OpenBao) is enough to run on: an AppRole that reads keys and borrows logins. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vaultKeyValues, vaultSecrets } from '#lib/adapters/secrets/vault.ts';
import { prepareVault } from '#lib/adapters/secrets/vault-bootstrap.ts';
import { vaultClient } from '#lib/adapters/secrets/vault-client.ts';
import { vaultPostgres } from '#lib/adapters/secrets/vault-postgres.ts';
import { postgresSql } from '#lib/adapters/sql/postgres.ts';

const { AURUM_VAULT_ADDR: address, AURUM_VAULT_TOKEN: token, AURUM_POSTGRES_URL: url } = process.env;
const missing = address === undefined || token === undefined || url === undefined;
const WHY = 'skipped without AURUM_VAULT_ADDR, AURUM_VAULT_TOKEN and AURUM_POSTGRES_URL';

describe.skipIf(missing)(`Vault as bootstrap leaves it (${WHY})`, () => {
  test('is prepared once, and an AppRole reads keys and borrows a login, and may do no more', async () => {
    const root = vaultClient({ address: address!, auth: { token: token! } });
    const database = { role: 'aurum-lent', url: url! };
    const first = await prepareVault({ vault: root, database });
    expect(first.at(-1)).toBe('database role aurum-lent lends logins of PostgreSQL for 1h');
    const again = await prepareVault({ vault: root, database });
    expect(again.filter((line) => line.endsWith('was there'))).toHaveLength(3);

    const id = await root.ask('GET', 'auth/approle/role/aurum/role-id');
    const made = await root.ask('POST', 'auth/approle/role/aurum/secret-id', {});
    const { role_id } = (id.body as { data: { role_id: string } }).data;
    const { secret_id } = (made.body as { data: { secret_id: string } }).data;
    const vault = vaultClient({ address: address!, auth: { role_id, secret_id } });

    await vaultKeyValues(root).write('secret/data/aurum/bootstrap-test', { key: 'kept' });
    expect(await vaultSecrets(vault).get('bootstrap-test', 'key')).toBe('kept');
    await expect(vault.ask('POST', 'sys/policies/acl/aurum', { policy: '' })).rejects.toMatchObject({
      code: expect.stringContaining('vault_'),
    });

    const ddl = readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');
    await postgresSql({ url: url!, ddl }).migrate();
    const lender = vaultPostgres({ vault, role: 'aurum-lent' });
    const sql = postgresSql({ url: url!, ddl, credential: lender.credential });
    const [row] = await sql.transaction('aurum_api', (tx) =>
      tx.query<{ login: string }>('SELECT session_user::text AS login'),
    );
    expect(row!.login).toMatch(/^v-approle-aurum/);
    await sql.close();
    await lender.close();
  });
});
