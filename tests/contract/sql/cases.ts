/**
 * What the operational database does on every engine. Names and tenants are new in each run, so it may run again and again
 * on a database that keeps its data.
 */
import type { Sql } from '#lib/ports/sql.ts';
import { ingestionCases } from './ingestion-cases.ts';
import { tenancyCases } from './tenancy-cases.ts';
import { transactionCases } from './transaction-cases.ts';

export function sqlCases(name: string, open: () => Sql): void {
  transactionCases(name, open);
  tenancyCases(name, open);
  ingestionCases(name, open);
}
