/** Every curve that was ever released, from the operational database; identity compares as the curve key does. */
import type { Caller } from '#lib/domain/access.ts';
import { IDENTITY_FIELDS, normalisedIdentityPart } from '#lib/domain/curve.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { Instrument, InstrumentAnswer, InstrumentQuery } from '#schemas/instruments.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { type QueryPorts, questionOf } from './query-curves.ts';
import { currentReleases } from './releases-in-view.ts';

export interface InstrumentPorts extends QueryPorts {
  readonly sql: Sql;
}

const COLUMNS = `curve_key, asset_class, iso, region, location, market, product, block, spark_location, units_raw,
  currency, per_unit, created_at, updated_at`;
/** A page of a list that does not depend on what is known when. */
const ANY_TIME = '1970-01-01T00:00:00.000Z';

export async function queryInstruments(
  query: InstrumentQuery,
  ports: InstrumentPorts,
  caller: Caller,
): Promise<InstrumentAnswer> {
  const question = questionOf(query);
  const place = readListCursor(query.cursor, question);
  const { conditions, values } = conditionsOf(query, place?.after, await visibleKeys(ports, caller));
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const text = `SELECT ${COLUMNS} FROM instrument ${where} ORDER BY curve_key COLLATE "C" LIMIT ${query.limit + 1}`;
  const rows = await ports.sql.transaction('aurum_api', (tx) => tx.query<Instrument>(text, values));
  const data = rows.slice(0, query.limit);
  const last = rows.length > data.length ? data.at(-1)!.curve_key : undefined;
  const next_cursor =
    last === undefined ? null : makeListCursor({ question, as_known_at: ANY_TIME, after: last });
  return { meta: { count: data.length, next_cursor }, data };
}

function conditionsOf(
  query: InstrumentQuery,
  after: string | undefined,
  visible: readonly string[] | undefined,
) {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  for (const field of IDENTITY_FIELDS) {
    const wanted = query[field];
    if (wanted === undefined) continue;
    const folded = `lower(regexp_replace(trim(${field}), '\\s+', ' ', 'g'))`;
    add((parameter) => `${folded} = ${parameter}`, normalisedIdentityPart(wanted));
  }
  if (query.curve_key !== undefined) add((key) => `curve_key = ${key}`, query.curve_key);
  if (query.currency !== undefined) add((currency) => `currency = ${currency}`, query.currency);
  if (after !== undefined) add((key) => `curve_key COLLATE "C" > ${key}`, after);
  if (visible !== undefined) add((keys) => `curve_key = ANY(${keys}::text[])`, visible);
  return { conditions, values };
}

/** Instruments have no vendor: which of them a caller may see, the releases say. Undefined for all. */
async function visibleKeys(ports: QueryPorts, caller: Caller): Promise<readonly string[] | undefined> {
  if (caller.entitlements === 'all') return undefined;
  const all = await ports.tables.releases('main');
  const { curves } = await ports.queries.dimensions({
    releases: currentReleases(all),
    entitlements: caller.entitlements,
    filter: {},
  });
  return curves.map(({ curve_key }) => curve_key);
}
