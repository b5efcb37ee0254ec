/**
 * The operational database (PostgreSQL dialect): parameters only, one transaction a call. Values come as JSON has them:
 * dates `YYYY-MM-DD`, instants RFC 3339 UTC with milliseconds, bigint as number, jsonb parsed, numeric as text. Parameters
 * are text, numbers, booleans, null and arrays of these (as SQL arrays); JSON is handed over as text. A statement's own
 * error carries its SQLSTATE as `code`.
 */
export interface SqlTransaction {
  query<Row extends Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<readonly Row[]>;
}

export interface Sql {
  /**
   * Runs `work` in one transaction as the given role; commits when it returns, rolls back when it throws. A failed statement
   * fails the transaction, whatever `work` makes of it (`transaction_failed`).
   * @param role `aurum_admin` registers tenants, and sees of each what it is entitled to and nothing else.
   * @param tenant whose rows it sees and writes in the tenants' tables; none without it.
   */
  transaction<T>(
    role: 'aurum_ingest' | 'aurum_api' | 'aurum_admin',
    work: (tx: SqlTransaction) => Promise<T>,
    tenant?: string,
  ): Promise<T>;
  /** Applies `ddl/postgres/app.sql`; again and again with the same result. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}
