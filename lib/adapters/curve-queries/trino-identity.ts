/** Identity in SQL: text as the curve key compares it, and which curves a tenant's rights cover. */
import type { CurveRight } from '#lib/domain/access.ts';
import { joined, raw, type Sql, sql } from './trino-sql.ts';

/** What JavaScript's `\s` takes for blank, which is more than Trino's does. */
const BLANKS = '[\\t\\n\\x0b\\f\\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+';

/** A column of this module's own naming, folded; null is empty. */
export const foldedColumn = (name: string): Sql =>
  sql`coalesce(lower(trim(regexp_replace(${raw(name)}, ${BLANKS}, ' '))), '')`;

/** As the curve key folds text, but lower case letter by letter, as Trino's `lower` has it (it knows no final sigma). */
export function folded(text: string): string {
  const letters = [...text.trim().replace(/\s+/g, ' ')];
  return letters.map((letter) => [...letter.toLowerCase()][0]).join('');
}

/** Rows that any of the rights covers; each restricts one of the two at least. */
export function covered(rights: readonly CurveRight[]): Sql {
  return sql`(${joined(rights.map(coveredBy), ' OR ')})`;
}

function coveredBy(right: CurveRight): Sql {
  const given = (['asset_class', 'region'] as const).flatMap((column) =>
    right[column] === null ? [] : [sql`${foldedColumn(column)} = ${folded(right[column])}`],
  );
  return sql`(${joined(given, ' AND ')})`;
}
