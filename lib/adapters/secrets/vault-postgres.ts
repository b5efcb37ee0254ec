/**
 * A login of PostgreSQL lent by Vault's database engine. Renewed while it is used, when two thirds of its life are over; at
 * the end of its longest life another takes its place before it ends. The old one is left to expire: connections may still
 * work under it. While Vault is away a login is used to its end.
 */
import { z } from 'zod';
import { AurumError } from '#lib/domain/errors.ts';
import type { CredentialLender, DatabaseCredential } from '#lib/ports/secrets.ts';
import { parsed, RENEW_AFTER, soon, type VaultClient } from './vault-client.ts';

export interface VaultPostgresOptions {
  readonly vault: VaultClient;
  /** Role of the database engine whose statements make the login. */
  readonly role: string;
  /** Where the engine is mounted; default `database`. */
  readonly mount?: string;
}

interface Lease {
  readonly id: string;
  readonly credential: DatabaseCredential;
  /** As first granted; a renewal that gives much less says that the longest life is near. */
  readonly granted_ms: number;
  readonly renew_at: number;
  readonly expires_at: number;
}

const loan = z.object({
  lease_id: z.string().min(1),
  lease_duration: z.number().positive(),
  data: z.object({ username: z.string(), password: z.string() }),
});
const renewal = z.object({ lease_duration: z.number() });

export function vaultPostgres(options: VaultPostgresOptions): CredentialLender {
  const { vault } = options;
  let lease: Lease | undefined;
  let refreshing: Promise<Lease> | undefined;
  return {
    async credential() {
      if (lease === undefined || Date.now() >= lease.renew_at) {
        refreshing ??= refreshed(options, lease).finally(() => {
          refreshing = undefined;
        });
        lease = await refreshing;
      }
      return lease.credential;
    },
    async close() {
      const ended = lease;
      lease = undefined;
      if (ended !== undefined) await vault.ask('POST', 'sys/leases/revoke', { lease_id: ended.id });
    },
  };
}

async function refreshed(options: VaultPostgresOptions, old: Lease | undefined): Promise<Lease> {
  if (old === undefined || Date.now() >= old.expires_at) return borrow(options);
  try {
    return (await renew(options.vault, old)) ?? (await borrow(options));
  } catch (error) {
    if (error instanceof AurumError && error.retryable) return { ...old, renew_at: soon(old.expires_at) };
    throw error;
  }
}

async function borrow({ vault, role, mount = 'database' }: VaultPostgresOptions): Promise<Lease> {
  const path = `${mount}/creds/${role}`;
  const answer = await vault.ask('GET', path);
  if (answer.status === 404) {
    throw new AurumError('fault', 'vault_database_role_missing', `Vault has no database role at ${path}`, {
      remedy: 'Configure its database engine with that role.',
    });
  }
  const { lease_id, lease_duration, data } = parsed(loan, path, answer);
  const credential = { user: data.username, password: data.password };
  return { id: lease_id, credential, granted_ms: lease_duration * 1000, ...lifeOf(lease_duration) };
}

/** Undefined when it is not renewed, or for too short a time. */
async function renew(vault: VaultClient, old: Lease): Promise<Lease | undefined> {
  try {
    const path = 'sys/leases/renew';
    const increment = Math.round(old.granted_ms / 1000);
    const answer = await vault.ask('POST', path, { lease_id: old.id, increment });
    const { lease_duration } = parsed(renewal, path, answer);
    return lease_duration * 1000 > old.granted_ms / 2 ? { ...old, ...lifeOf(lease_duration) } : undefined;
  } catch (error) {
    // Not known any more, or not renewable.
    if (error instanceof AurumError && error.code === 'vault_refused') return undefined;
    throw error;
  }
}

function lifeOf(lifetime_s: number): Pick<Lease, 'renew_at' | 'expires_at'> {
  const now = Date.now();
  return { renew_at: now + lifetime_s * 1000 * RENEW_AFTER, expires_at: now + lifetime_s * 1000 };
}
