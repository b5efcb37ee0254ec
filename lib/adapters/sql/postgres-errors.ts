/**
 * What PostgreSQL and its driver say, in our terms: away, refused or not set up. An error of the statement itself keeps
 * its SQLSTATE as `code`, since callers tell a unique violation from a missing right by it.
 */
import { AurumError, busy } from '#lib/domain/errors.ts';

const SETTING = 'AURUM_POSTGRES_URL';

/** Connection lost (08), out of resources (53), shutting down or starting (57P01-57P05), conflict with another transaction (40). */
const TRY_AGAIN = /^(08...|53...|57P0[1-5]|40...)$/;
/** The driver has no codes for what happens between it and the socket. */
const DRIVER_OUTAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered|Client was closed|Cannot use a pool)/;

/** A table, column or function that is not there. */
const NOT_MIGRATED = /^(42P01|42703|42883)$/;

interface Failure {
  readonly code?: string;
  readonly message: string;
  /** On what the server said, and only there. */
  readonly severity?: string;
}

export function postgresError(url: string, error: unknown): unknown {
  const { code = '', message, severity } = error as Failure;
  const address = addressOf(url);
  const options = { cause: error };
  if (severity === undefined) {
    if (code === '' && !DRIVER_OUTAGE.test(message)) return error;
    return busy('postgres_unavailable', `PostgreSQL at ${address} does not answer: ${code || message}`, {
      remedy: `Start it, or set ${SETTING} to one that runs.`,
      ...options,
    });
  }
  if (TRY_AGAIN.test(code)) {
    return busy('postgres_unavailable', `PostgreSQL at ${address} cannot do it now: ${message}`, options);
  }
  if (code === '57014') {
    return busy('postgres_timeout', `PostgreSQL at ${address} took too long: ${message}`, options);
  }
  if (code === '28P01' || code === '28000') {
    return fault('postgres_unauthorised', `PostgreSQL at ${address} refused the login: ${message}`, {
      remedy: `Set ${SETTING} to a user and password it knows.`,
      ...options,
    });
  }
  if (code === '3D000') {
    return fault('postgres_database_missing', `PostgreSQL at ${address}: ${message}`, {
      remedy: `Create it, or set ${SETTING} to one that exists.`,
      ...options,
    });
  }
  if (NOT_MIGRATED.test(code) || /^role "aurum_\w+" does not exist$/.test(message)) {
    return fault('postgres_not_migrated', `PostgreSQL at ${address}: ${message}`, {
      remedy: 'Apply ddl/postgres/app.sql: npm run bootstrap.',
      ...options,
    });
  }
  if (/^permission denied to set role/.test(message)) {
    return fault('postgres_role_refused', `PostgreSQL at ${address}: ${message}`, {
      remedy: 'GRANT aurum_api, aurum_ingest, aurum_admin TO the login, or log in as one that holds them.',
      ...options,
    });
  }
  return error;
}

function fault(code: string, message: string, options: { remedy: string; cause: unknown }): AurumError {
  return new AurumError('fault', code, message, options);
}

/** Host, port and database; never the password. */
function addressOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return `the address in ${SETTING}`;
  }
}
