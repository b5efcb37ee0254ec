/**
 * Secrets in a real Vault (OpenBao): KV, AppRole logins that end, logins of PostgreSQL that are lent, the command line.
 * Works in mounts of its own, which are taken away at the end.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vaultKeyValues, vaultSecrets } from '#lib/adapters/secrets/vault.ts';
import { vaultClient } from '#lib/adapters/secrets/vault-client.ts';
import { vaultPostgres } from '#lib/adapters/secrets/vault-postgres.ts';
import { postgresSql } from '#lib/adapters/sql/postgres.ts';
import { secretsCases } from '#tests/contract/secrets/cases.ts';
import { runSecrets } from '#tests/contract/secrets/run-command.ts';
import { doorTo } from './door.ts';

const address = process.env.AURUM_VAULT_ADDR;
const token = process.env.AURUM_VAULT_TOKEN;
const postgres_url = process.env.AURUM_POSTGRES_URL;
const run = randomBytes(4).toString('hex');
const missing = address === undefined || token === undefined;

describe.skipIf(missing)('Vault (skipped without AURUM_VAULT_ADDR and AURUM_VAULT_TOKEN)', () => {
  const root = missing ? undefined : vaultClient({ address, auth: { token } });
  const administer = (path: string, body: object) => root!.ask('POST', path, body);
  const secret = (name: string) => `secret/data/aurum/test-${run}/${name}`;
  const role = `aurum-test-${run}`;

  /** An AppRole whose tokens live for so long. */
  async function appRole(name: string, life: { token_ttl: string; token_max_ttl: string }) {
    await administer(`auth/approle/role/${name}`, { ...life, token_policies: [role] });
    const id = await root!.ask('GET', `auth/approle/role/${name}/role-id`);
    const made = await administer(`auth/approle/role/${name}/secret-id`, {});
    const { role_id } = (id.body as { data: { role_id: string } }).data;
    const { secret_id } = (made.body as { data: { secret_id: string } }).data;
    return { role_id, secret_id };
  }

  beforeAll(async () => {
    await administer(`sys/policies/acl/${role}`, {
      policy: `path "secret/data/aurum/test-${run}/*" { capabilities = ["create", "read", "update"] }`,
    });
  });
  afterAll(async () => {
    for (const name of ['short', 'long'])
      await fetch(`${address}/v1/auth/approle/role/${role}-${name}`, {
        method: 'DELETE',
        headers: { 'X-Vault-Token': token! },
      });
    await fetch(`${address}/v1/sys/policies/acl/${role}`, {
      method: 'DELETE',
      headers: { 'X-Vault-Token': token! },
    });
  });

  describe('key values', () => {
    secretsCases(
      () => vaultSecrets(root!),
      (source, key, value) => vaultKeyValues(root!).write(`secret/data/aurum/${source}`, { [key]: value }),
    );

    test('fifty writers at once lose none of their keys', async () => {
      const path = secret('contended');
      const writers = Array.from({ length: 5 }, () =>
        vaultKeyValues(vaultClient({ address: address!, auth: { token: token! } })),
      );
      await Promise.all(
        writers.map(async (each, w) => {
          for (let n = 0; n < 10; n++) await each.write(path, { [`k${w}-${n}`]: String(n) });
        }),
      );
      expect((await vaultKeyValues(root!).read(path))?.size).toBe(50);
    });

    test('a deleted secret is absent and can be written again', async () => {
      const [path, values] = [secret('deleted'), vaultKeyValues(root!)];
      await values.write(path, { a: '1' });
      await fetch(`${address}/v1/${path}`, { method: 'DELETE', headers: { 'X-Vault-Token': token! } });
      expect(await values.read(path)).toBeUndefined();
      await values.write(path, { b: '2' });
      expect(await values.read(path)).toEqual(new Map([['b', '2']]));
    });
  });

  describe('logins', () => {
    test('a token is renewed while it may, and replaced when it may not', async () => {
      const auth = await appRole(`${role}-short`, { token_ttl: '2s', token_max_ttl: '3s' });
      const vault = vaultClient({ address: address!, auth });
      const values = vaultKeyValues(vault);
      await values.write(secret('kept'), { a: '1' });
      const ends = performance.now() + 6_000;
      for (let calls = 0; performance.now() < ends; calls++) {
        expect(await values.read(secret('kept')), `call ${calls}`).toEqual(new Map([['a', '1']]));
        await delay(100);
      }
      // Idle beyond its end: the next call logs in again.
      await delay(3_200);
      expect(await values.read(secret('kept'))).toEqual(new Map([['a', '1']]));
      await vault.close();
    }, 30_000);

    test('a token that was revoked is replaced, forty calls at once log in once', async () => {
      const auth = await appRole(`${role}-long`, { token_ttl: '1h', token_max_ttl: '2h' });
      const vault = vaultClient({ address: address!, auth });
      const values = vaultKeyValues(vault);
      await values.write(secret('kept'), { a: '1' });
      await vault.ask('POST', 'auth/token/revoke-self');
      const all = await Promise.all(Array.from({ length: 40 }, () => values.read(secret('kept'))));
      expect(all).toEqual(Array(40).fill(new Map([['a', '1']])));
      await vault.close();
    });

    test('what a policy does not allow, and a login that is none, are named with their settings', async () => {
      const auth = await appRole(`${role}-long`, { token_ttl: '1h', token_max_ttl: '2h' });
      const refused = { kind: 'fault', code: 'vault_unauthorised' };
      const approle = vaultKeyValues(vaultClient({ address: address!, auth }));
      await expect(approle.read('secret/data/aurum/elsewhere')).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining('secret/data/aurum/elsewhere'),
        remedy: expect.stringContaining('AURUM_VAULT_ROLE_ID and AURUM_VAULT_SECRET_ID'),
      });
      const wrong = vaultClient({ address: address!, auth: { ...auth, secret_id: 'wrong' } });
      await expect(wrong.ask('GET', secret('kept'))).rejects.toMatchObject(refused);
      const stranger = vaultClient({ address: address!, auth: { token: 'nobody' } });
      await expect(stranger.ask('GET', secret('kept'))).rejects.toMatchObject({
        ...refused,
        remedy: expect.stringContaining('AURUM_VAULT_TOKEN'),
      });
    });

    test('a Vault that is away is busy, and named', async () => {
      const vault = vaultClient({ address: 'http://127.0.0.1:9', auth: { token: 't' } });
      await expect(vault.ask('GET', 'secret/data/x')).rejects.toMatchObject({
        kind: 'busy',
        code: 'vault_unavailable',
        message: expect.stringContaining('127.0.0.1:9'),
        remedy: expect.stringContaining('AURUM_VAULT_ADDR'),
      });
    });
  });

  describe.skipIf(postgres_url === undefined)(
    'PostgreSQL logins (skipped without AURUM_POSTGRES_URL)',
    () => {
      const mount = `database-${run}`;
      const ddl = readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');
      const users = () => postgres(`SELECT rolname FROM pg_roles WHERE rolname LIKE '%${role}%'`);
      const postgres = async (text: string): Promise<Record<string, unknown>[]> => {
        const client = new pg.Client(postgres_url);
        await client.connect();
        const { rows } = await client.query(text);
        await client.end();
        return rows;
      };

      beforeAll(async () => {
        const { host, pathname, username, password } = new URL(postgres_url!);
        await postgresSql({ url: postgres_url!, ddl }).migrate();
        await administer(`sys/mounts/${mount}`, { type: 'database' });
        await administer(`${mount}/config/aurum`, {
          plugin_name: 'postgresql-database-plugin',
          allowed_roles: role,
          connection_url: `postgresql://{{username}}:{{password}}@${host}${pathname}?sslmode=disable`,
          username,
          password: decodeURIComponent(password),
        });
        await administer(`${mount}/roles/${role}`, {
          db_name: 'aurum',
          creation_statements: [
            `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' NOINHERIT IN ROLE aurum_api, aurum_ingest`,
          ],
          default_ttl: '3s',
          max_ttl: '6s',
        });
      });
      afterAll(async () => {
        await fetch(`${address}/v1/sys/mounts/${mount}`, {
          method: 'DELETE',
          headers: { 'X-Vault-Token': token! },
        });
      });

      test('transactions go on while logins are renewed and replaced, and no login is left', async () => {
        const lender = vaultPostgres({ vault: root!, role, mount });
        const sql = postgresSql({ url: postgres_url!, ddl, credential: lender.credential });
        const seen = new Set<unknown>();
        const who = `SELECT session_user::text AS login, current_user::text AS name`;
        const ends = performance.now() + 9_000;
        while (performance.now() < ends) {
          const [row] = await sql.transaction('aurum_api', (tx) => tx.query(who));
          expect(row?.name).toBe('aurum_api');
          seen.add(row?.login);
          await delay(100);
        }
        // Each lives 6 s at most and is given up before that.
        expect(seen.size).toBeGreaterThanOrEqual(2);
        expect(seen.size).toBeLessThanOrEqual(4);
        await sql.close();
        await lender.close();
        await expect.poll(users, { timeout: 10_000 }).toEqual([]);
      }, 40_000);

      test('a login without its role’s powers: tenants’ rows are closed to it', async () => {
        const lender = vaultPostgres({ vault: root!, role, mount });
        const { user, password } = await lender.credential();
        const named = new URL(postgres_url!);
        named.username = user;
        named.password = encodeURIComponent(password);
        const direct = new pg.Client(named.href);
        await direct.connect();
        await expect(direct.query('SELECT * FROM scenario')).rejects.toMatchObject({ code: '42501' });
        await direct.end();
        await lender.close();
      });

      test('while Vault is away a login is used to its end; then it is busy, and afterwards lent anew', async () => {
        const door = await doorTo(new URL(address!));
        const vault = vaultClient({
          address: `http://${door.address}`,
          auth: { token: token! },
          timeout_ms: 500,
        });
        const lender = vaultPostgres({ vault, role, mount });
        const first = await lender.credential();
        await door.close();
        await delay(2_300);
        expect(await lender.credential()).toEqual(first);
        await delay(1_200);
        await expect(lender.credential()).rejects.toMatchObject({ kind: 'busy', code: 'vault_unavailable' });
        await door.open();
        expect((await lender.credential()).user).not.toBe(first.user);
        await lender.close();
        await door.close();
      });

      test('a role that is none is named', async () => {
        const lender = vaultPostgres({ vault: root!, role: 'nobody', mount });
        await expect(lender.credential()).rejects.toMatchObject({ kind: 'fault' });
      });
    },
  );

  describe('aurum secrets', () => {
    const aurum = (argv: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
      runSecrets(argv, { AURUM_VAULT_ADDR: address!, AURUM_VAULT_TOKEN: token!, ...variables });
    const CANARY = `it's $(a) "canary"\n\`x\` \\ ü`;

    test('what is pushed is pulled, and a shell reads it back to the byte', async () => {
      const mappings = [
        `EIA_KEY=${secret('eia')}:api_key`,
        `NOAA=${secret('noaa')}:token`,
        `EIA_USER=${secret('eia')}:user`,
      ];
      const pushed = await aurum(['push', '--mapping', ...mappings], {
        EIA_KEY: CANARY,
        NOAA: 'n',
        EIA_USER: 'u',
      });
      expect(pushed).toMatchObject({ code: 0, out: '' });
      expect(pushed.told).toContain(`${secret('eia')}: 2 keys written`);
      expect(pushed.told).not.toContain('canary');
      const pulled = await aurum(['pull', '--mapping', mappings.join(',')]);
      expect(pulled).toMatchObject({ code: 0, told: '' });
      const script = 'eval "$PULLED"; printf "%s|%s|%s" "$EIA_KEY" "$NOAA" "$EIA_USER"';
      const read = execFileSync('sh', ['-c', script], { env: { PULLED: pulled.out } }).toString();
      expect(read).toBe(`${CANARY}|n|u`);
    });

    test('pushing one key keeps the others; variables may come from a file', async () => {
      const file = join(tmpdir(), `aurum-secrets-${run}.env`);
      writeFileSync(file, 'ONE=1\nTWO="2 two"\n');
      const one = [`--mapping`, `ONE=${secret('both')}:one`];
      expect(await aurum(['push', ...one, '--env-file', file])).toMatchObject({ code: 0 });
      expect(
        await aurum(['push', '--mapping', `TWO=${secret('both')}:two`, '--env-file', file]),
      ).toMatchObject({ code: 0 });
      rmSync(file);
      const pulled = await aurum(['pull', ...one, `TWO=${secret('both')}:two`]);
      expect(pulled.out).toBe(`ONE='1'\nTWO='2 two'\n`);
    });

    test('a missing variable pushes nothing, a missing secret prints nothing', async () => {
      const mappings = [`SET=${secret('half')}:a`, `UNSET=${secret('half')}:b`];
      const pushed = await aurum(['push', '--mapping', ...mappings], { SET: 'canary' });
      expect(pushed).toMatchObject({ code: 2, out: '' });
      expect(pushed.told).toMatch(/UNSET is not set; nothing was pushed \(variable_missing\)/);
      expect(await vaultKeyValues(root!).read(secret('half'))).toBeUndefined();
      await aurum(['push', '--mapping', mappings[0]!], { SET: 'canary' });
      const pulled = await aurum(['pull', '--mapping', ...mappings]);
      expect(pulled).toMatchObject({ code: 2, out: '' });
      expect(pulled.told).toContain(`there is no b in ${secret('half')} (secret_missing)`);
      expect(pulled.told).not.toContain('canary');
    });
  });
});
