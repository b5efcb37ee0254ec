/**
 * Prepares Vault for the platform: a KV engine for the sources' keys, an AppRole to log in with, and the engine that lends
 * PostgreSQL logins. Needs a token that may administer; the platform itself then needs none.
 */
import { z } from 'zod';
import { parsed, type VaultClient } from './vault-client.ts';

export interface VaultBootstrapOptions {
  readonly vault: VaultClient;
  /** Lent logins, where PostgreSQL is named: whose role they are, and the login that may create them. */
  readonly database?: { readonly role: string; readonly url: string } | undefined;
}

const APP_ROLE = 'aurum';
const CONNECTION = 'aurum';
/** A login lives an hour and is renewed; a stolen one is of no use the day after. */
const LEASE = { default_ttl: '1h', max_ttl: '24h' };
const TOKEN = { token_ttl: '1h', token_max_ttl: '24h', token_policies: [APP_ROLE] };

const mounts = z.record(z.string(), z.unknown());

/** @returns one line for each thing that is there now. */
export async function prepareVault({ vault, database }: VaultBootstrapOptions): Promise<readonly string[]> {
  const said: string[] = [];
  said.push(await mounted(vault, 'sys/mounts', 'secret/', { type: 'kv', options: { version: '2' } }));
  said.push(await mounted(vault, 'sys/auth', 'approle/', { type: 'approle' }));
  await vault.ask('POST', `sys/policies/acl/${APP_ROLE}`, { policy: policy(database?.role) });
  await vault.ask('POST', `auth/approle/role/${APP_ROLE}`, TOKEN);
  said.push(
    `AppRole ${APP_ROLE} may read secret/data/aurum/* (bao read auth/approle/role/${APP_ROLE}/role-id)`,
  );
  if (database === undefined) return said;
  said.push(await mounted(vault, 'sys/mounts', 'database/', { type: 'database' }));
  await vault.ask('POST', `database/config/${CONNECTION}`, connection(database));
  await vault.ask('POST', `database/roles/${database.role}`, lentLogin());
  said.push(`database role ${database.role} lends logins of PostgreSQL for ${LEASE.default_ttl}`);
  return said;
}

async function mounted(vault: VaultClient, list: string, path: string, body: object): Promise<string> {
  const answer = await vault.ask('GET', list);
  const { data } = parsed(z.object({ data: mounts }), list, answer);
  if (Object.hasOwn(data, path)) return `${path} was there`;
  await vault.ask('POST', `${list}/${path.slice(0, -1)}`, body);
  return `${path} enabled`;
}

function policy(role: string | undefined): string {
  const paths = ['secret/data/aurum/*', ...(role === undefined ? [] : [`database/creds/${role}`])];
  const rules = paths.map((path) => `path "${path}" { capabilities = ["read"] }`);
  const leases = ['renew', 'revoke'].map((act) => `path "sys/leases/${act}" { capabilities = ["update"] }`);
  return [...rules, ...leases].join('\n');
}

function connection({ role, url }: { readonly role: string; readonly url: string }): object {
  const { username, password, host, pathname, search } = new URL(url);
  return {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: role,
    connection_url: `postgresql://{{username}}:{{password}}@${host}${pathname}${search === '' ? '?sslmode=disable' : search}`,
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    verify_connection: true,
  };
}

/** Members of the platform's roles and of nothing else: what they may do is what ddl/postgres/app.sql grants these. */
function lentLogin(): object {
  return {
    db_name: CONNECTION,
    ...LEASE,
    creation_statements: [
      `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' NOINHERIT IN ROLE aurum_api, aurum_ingest, aurum_admin`,
    ],
    revocation_statements: ['DROP ROLE IF EXISTS "{{name}}"'],
  };
}
