/**
 * The one order of rows in a file and in a slice: curve, tenor type, contract month, label; text by its UTF-8 bytes, as
 * Parquet statistics, Iceberg and SQL's ORDER BY on binary collation have it.
 */
import type { CurveTable, Tenor } from '#lib/domain/curve.ts';

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // Code units and UTF-8 bytes disagree from the surrogates on.
    return left < 0xd800 && right < 0xd800 ? left - right : Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return a.length - b.length;
}

export function compareTenors(a: Tenor, b: Tenor): number {
  return (
    compareText(a.tenor_type, b.tenor_type) ||
    compareText(a.contract_month, b.contract_month) ||
    compareText(a.tenor_label, b.tenor_label)
  );
}

/** Row numbers of the table in file order; rows of equal place keep the table's order. */
export function rowOrder(table: CurveTable): Uint32Array {
  const tenorRank = ranks(table.tenors, compareTenors);
  const curveRank = ranks(table.series, (a, b) => compareText(a.curve_key, b.curve_key));
  const asGiven = Uint32Array.from({ length: table.length }, (_, row) => row);
  const byTenor = countingSort(asGiven, table.tenorCode, tenorRank);
  return countingSort(byTenor, table.seriesCode, curveRank);
}

/** Rank of each entry; equal entries share one. */
function ranks<Entry>(entries: readonly Entry[], compare: (a: Entry, b: Entry) => number): Uint32Array {
  const sorted = entries.map((entry, code) => ({ entry, code })).sort((a, b) => compare(a.entry, b.entry));
  const rank = new Uint32Array(entries.length);
  let current = 0;
  for (const [index, { entry, code }] of sorted.entries()) {
    if (index > 0 && compare(sorted[index - 1]!.entry, entry) !== 0) current++;
    rank[code] = current;
  }
  return rank;
}

/** Stable: comparing 100,000 rows pairwise would cost ten times as much. */
function countingSort(rows: Uint32Array, codes: Uint32Array, rank: Uint32Array): Uint32Array {
  const next = new Uint32Array(rank.length + 1);
  for (const row of rows) next[rank[codes[row]!]! + 1]!++;
  for (let value = 1; value < next.length; value++) next[value]! += next[value - 1]!;
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) sorted[next[rank[codes[row]!]!]!++] = row;
  return sorted;
}
