/** What the cases share: names nobody had before, and a single value out of a statement. */
import { randomBytes } from 'node:crypto';
import type { SqlTransaction } from '#lib/ports/sql.ts';

export const fresh = (prefix: string) => `${prefix}-${randomBytes(6).toString('hex')}`;
export const key = () => randomBytes(32).toString('hex');

/** The first value of the first row. */
export async function one(
  tx: SqlTransaction,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<unknown> {
  const [row] = await tx.query<Record<string, unknown>>(text, parameters);
  return row === undefined ? undefined : Object.values(row)[0];
}
