/**
 * Statements to Trino with parameters: values become literals in one strict function and are bound by EXECUTE IMMEDIATE
 * ... USING, so no value is ever part of a statement's text. (The prepared-statement header would do the same, but a
 * header holds 8 kB and a list of data files does not fit.) Errors of the statement are thrown. Knows no table.
 */
import type { QueryError, QueryResult, Trino } from 'trino-client';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { atMost } from '#lib/domain/turns.ts';

export interface TrinoOptions {
  /** `http://127.0.0.1:18080` */
  readonly url: string;
  readonly user: string;
  /** Sent by basic authentication, which Trino takes over https only. */
  readonly password?: string;
  readonly catalog: string;
  readonly schema: string;
  /** After this long the statement is ended, here and on the server. */
  readonly timeout_ms?: number;
  /** Statements at a time, the others wait here: sixty small ones at once take Trino longer than one after another. */
  readonly at_once?: number;
}

interface SqlDate {
  /** `YYYY-MM-DD` */
  readonly date: string;
}
/** Text, whole number or date: all that slices need. */
export type SqlValue = string | number | SqlDate;

/** Dates and times come as text (`2025-09-12`, `2025-09-12 21:30:00.000000 UTC`), doubles exact to the bit. */
export type TrinoRow = readonly unknown[];

export interface TrinoSql {
  query(statement: Sql): Promise<readonly TrinoRow[]>;
}

/** A statement or a part of one, with a `?` in its text for each of its values. */
export interface Sql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** A part becomes text, anything else a parameter. */
export function sql(texts: TemplateStringsArray, ...parts: readonly (Sql | SqlValue)[]): Sql {
  const text = texts.map((before, at) => `${before}${at < parts.length ? textOf(parts[at]!) : ''}`).join('');
  return { text, values: parts.flatMap((part) => (isPart(part) ? part.values : [part])) };
}

/** Text of our own as it is: a name, a whole statement. */
export function raw(text: string): Sql {
  return { text, values: [] };
}

export function joined(parts: readonly (Sql | SqlValue)[], separator: string): Sql {
  return {
    text: parts.map(textOf).join(separator),
    values: parts.flatMap((part) => (isPart(part) ? part.values : [part])),
  };
}

const isPart = (part: Sql | SqlValue): part is Sql => typeof part === 'object' && 'text' in part;
const textOf = (part: Sql | SqlValue) => (isPart(part) ? part.text : '?');

const TIMEOUT_MS = 60_000;
const STATEMENTS_AT_ONCE = 8;
/** How much longer than the server we wait: it knows better why a statement is slow. */
const GRACE_MS = 1_000;
/** Trino's own limit is a million characters (`query.max-length`). */
const MAX_STATEMENT_CHARACTERS = 950_000;

export function trinoSql(options: TrinoOptions): TrinoSql {
  const timeout_ms = options.timeout_ms ?? TIMEOUT_MS;
  const inTurn = atMost(options.at_once ?? STATEMENTS_AT_ONCE);
  let loaded: Promise<Trino> | undefined;
  return {
    async query(statement) {
      const text = bound(statement);
      loaded ??= connect(options, timeout_ms);
      const trino = await loaded;
      return inTurn(() => withinTime(options, timeout_ms + GRACE_MS, rowsOf(trino, text, options)));
    },
  };
}

/** The text that goes to the server. */
export function bound({ text, values }: Sql): string {
  if (values.length === 0) return text;
  const statement = `EXECUTE IMMEDIATE ${literal(text)} USING ${values.map(literal).join(', ')}`;
  if (statement.length <= MAX_STATEMENT_CHARACTERS) return statement;
  throw refusal('slice_too_wide', `The question needs a statement of ${statement.length} characters`, {
    remedy: 'Ask for fewer market days at a time.',
  });
}

/** The same with its values written out: the definition of a view takes no parameters. */
export function inlined({ text, values }: Sql): string {
  let at = 0;
  return text.replaceAll('?', () => literal(values[at++]!));
}

/**
 * A value as a literal that cannot end before it should: plain ASCII is quoted, anything else is written by code point.
 * Half a surrogate pair, which no stored text holds, becomes the replacement character.
 */
export function literal(value: SqlValue): string {
  if (typeof value === 'string') return textLiteral(value.toWellFormed());
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value);
    throw refusal('sql_value_invalid', `${value} is not a whole number`);
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(value.date)) return `DATE '${value.date}'`;
  throw refusal('sql_value_invalid', `"${value.date}" is not a date (YYYY-MM-DD)`);
}

function textLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  if (/^[\x20-\x7e]*$/.test(text)) return `'${quoted}'`;
  const escaped = quoted
    .replaceAll('\\', '\\\\')
    .replace(
      /[^\x20-\x7e]/gu,
      (character) => `\\+${character.codePointAt(0)!.toString(16).padStart(6, '0')}`,
    );
  return `U&'${escaped}'`;
}

/** Statements of a file that separates them by `;` at a line's end; comments are lines that begin with `--`. */
export function statementsOf(file: string): readonly string[] {
  return file
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** The client is loaded by the first statement: it costs 100 ms that other commands need not wait for. */
async function connect(options: TrinoOptions, timeout_ms: number): Promise<Trino> {
  const { url, user, password, catalog, schema } = options;
  const { BasicAuth, Trino } = await import('trino-client');
  return Trino.create({
    server: url,
    source: 'aurum',
    catalog,
    schema,
    session: { query_max_run_time: `${timeout_ms}ms` },
    // Without the capability timestamps are cut to milliseconds.
    extraHeaders: { 'X-Trino-User': user, 'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME' },
    ...(password === undefined ? {} : { auth: new BasicAuth(user, password) }),
  });
}

async function rowsOf(trino: Trino, statement: string, options: TrinoOptions): Promise<readonly TrinoRow[]> {
  const rows: TrinoRow[] = [];
  try {
    const pages = await trino.query(statement);
    let last: QueryResult | undefined;
    // The client says "done" with a page: a new one where there is no other, the last once more else.
    for (let { value } = await pages.next(); value !== last; { value } = await pages.next()) {
      const { error, columns = [], data = [] } = value as QueryResult;
      if (error !== undefined) throw statementError(error);
      const whole = columns.flatMap(({ type }, at) => (type === 'bigint' ? [at] : []));
      for (const row of data) rows.push(checkedRow(row, whole));
      last = value;
    }
  } catch (error) {
    throw error instanceof AurumError ? error : transportError(options, error);
  }
  return rows;
}

/** The client reads numbers as doubles; a count that does not fit one must not be off by one unseen. */
function checkedRow(row: TrinoRow, whole: readonly number[]): TrinoRow {
  for (const at of whole) {
    if (typeof row[at] === 'number' && !Number.isSafeInteger(row[at])) {
      throw new AurumError(
        'fault',
        'trino_bigint_rounded',
        `Trino answered about ${row[at]}, too large to be exact`,
        {
          remedy: 'Cast the column to varchar in the statement.',
        },
      );
    }
  }
  return row;
}

/** Errors whose cause passes: the cluster is full or starting. */
const PASSING = /^(NO_NODES_AVAILABLE|SERVER_STARTING_UP|SERVER_SHUTTING_DOWN|TOO_MANY_REQUESTS_FAILED)$/;

function statementError({ errorName, errorType, message }: QueryError): AurumError {
  const said = `Trino: ${message} (${errorName})`;
  if (errorName === 'EXCEEDED_TIME_LIMIT') return timedOut(said);
  if (errorType === 'INSUFFICIENT_RESOURCES' || errorType === 'EXTERNAL' || PASSING.test(errorName)) {
    return busy('trino_busy', said);
  }
  return new AurumError('fault', 'trino_query_failed', said, {
    remedy: 'Check that AURUM_TRINO_URL has the catalog and that the bootstrap made its tables.',
  });
}

function timedOut(said: string): AurumError {
  return busy('trino_timeout', said, { remedy: 'Ask for fewer market days, or raise the timeout.' });
}

function transportError({ url, user }: TrinoOptions, error: unknown): AurumError {
  const { status } = (error as { response?: { status?: number } }).response ?? {};
  const cause = error instanceof Error ? error.message : String(error);
  if (status === 401 || status === 403) {
    return new AurumError(
      'fault',
      'trino_unauthorised',
      `Trino at ${url} refuses user "${user}" (${status})`,
      {
        remedy: 'Set AURUM_TRINO_USER, and its password, to one that may read the tables.',
      },
    );
  }
  return busy('trino_unavailable', `Trino does not answer at ${url}: ${cause}`, {
    remedy: 'Start it, or set AURUM_TRINO_URL to where it is.',
  });
}

/** A connection that says nothing at all must not hold the caller for ever. */
async function withinTime<Result>(
  { url }: TrinoOptions,
  limit_ms: number,
  work: Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(`Trino at ${url} said nothing for ${limit_ms} ms`)), limit_ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
