/** The operational database (PostgreSQL dialect): parameters only, one transaction a call. */
export interface SqlTransaction {
  query<Row extends Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<readonly Row[]>;
}

export interface Sql {
  /** Runs `work` in one transaction as the given role; commits when it returns, rolls back when it throws. */
  transaction<T>(role: 'aurum_ingest' | 'aurum_api', work: (tx: SqlTransaction) => Promise<T>): Promise<T>;
  /** Applies `ddl/postgres/app.sql`; again and again with the same result. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}
