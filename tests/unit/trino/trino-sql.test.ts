/** What goes to Trino and what comes back, against a server in this process that says what it is told to. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  bound,
  joined,
  literal,
  raw,
  sql,
  statementsOf,
  trinoSql,
} from '#lib/adapters/curve-queries/trino-sql.ts';
import { HOSTILE } from './hostile-text.ts';

/** Reads a text literal as the SQL standard has it; throws when anything is left over. */
function read(text: string): string {
  const [, unicode, quoted] = /^(U&)?'((?:[^']|'')*)'$/s.exec(text)!;
  const inner = quoted!.replaceAll("''", "'");
  if (unicode === undefined) return inner;
  return inner.replace(/\\(\\|\+([0-9a-f]{6}))/g, (_, what, code) =>
    what === '\\' ? '\\' : String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

describe('literals', () => {
  test.each(HOSTILE)('hold hostile text as text: %j', (text) => {
    expect(read(literal(text))).toBe(text);
    expect(literal(text)).toMatch(/^(U&)?'[\x20-\x7e]*'$/);
  });

  test('hold any text', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x10_ffff })), (points) => {
        const text = String.fromCodePoint(...points).toWellFormed();
        expect(read(literal(text))).toBe(text);
      }),
    );
  });

  test('half a surrogate pair is replaced, since no stored text holds one', () => {
    expect(read(literal('a\ud800b'))).toBe('a\ufffdb');
  });

  test('of numbers and dates are these or nothing', () => {
    expect([literal(7), literal(-1), literal({ date: '2025-09-12' })]).toEqual([
      '7',
      '-1',
      "DATE '2025-09-12'",
    ]);
    for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => literal(wrong)).toThrow(expect.objectContaining({ code: 'sql_value_invalid' }));
    }
    for (const date of ["2025-09-12'", '2025-9-12', "x' OR '1'='1", '', '2025-09-12\n']) {
      expect(() => literal({ date })).toThrow(expect.objectContaining({ code: 'sql_value_invalid' }));
    }
  });
});

describe('statements', () => {
  test('are the same text whatever the values are', () => {
    const ask = (iso: string) =>
      sql`SELECT ${raw('a, b')} FROM t WHERE iso = ${iso} AND x IN (${joined([1, 2], ', ')})`;
    for (const text of HOSTILE) {
      expect(ask(text).text).toBe('SELECT a, b FROM t WHERE iso = ? AND x IN (?, ?)');
      expect(ask(text).values).toEqual([text, 1, 2]);
    }
  });

  test('carry values apart from their text', () => {
    expect(bound(sql`SELECT 'it' = ${"it's"}`)).toBe("EXECUTE IMMEDIATE 'SELECT ''it'' = ?' USING 'it''s'");
    expect(bound(raw('SHOW TABLES'))).toBe('SHOW TABLES');
  });

  test('longer than Trino takes are refused before they are sent', () => {
    const many = joined(
      Array.from({ length: 10_000 }, (_, at) => `${at}${'x'.repeat(100)}`),
      ', ',
    );
    expect(() => bound(sql`SELECT 1 IN (${many})`)).toThrow(
      expect.objectContaining({ code: 'slice_too_wide', kind: 'refused' }),
    );
  });

  test('of a file are found without its comments', () => {
    expect(statementsOf("-- first;\nCREATE TABLE a (b VARCHAR);\n\n-- then\nSELECT ';' AS x\n;\n")).toEqual([
      'CREATE TABLE a (b VARCHAR)',
      "SELECT ';' AS x",
    ]);
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a server', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function answering(
    answer: (request: IncomingMessage) => { status?: number; body: string } | undefined,
  ) {
    server = createServer((request, response) => {
      request.resume();
      const said = answer(request);
      if (said === undefined) return;
      response.writeHead(said.status ?? 200, { 'content-type': 'application/json' }).end(said.body);
    });
    await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      url,
      trino: trinoSql({ url, user: 'desk', catalog: 'iceberg', schema: 'market', timeout_ms: 300 }),
    };
  }
  const pages = (...bodies: object[]) => {
    let at = 0;
    return (request: IncomingMessage) => {
      const body = {
        ...bodies[at++],
        ...(at < bodies.length ? { nextUri: `http://${request.headers.host}/next` } : {}),
      };
      return { body: JSON.stringify(body) };
    };
  };

  test('answers in pages; all rows come, doubles to the bit', async () => {
    const columns = [{ name: 'v', type: 'double' }];
    const { trino } = await answering(
      pages(
        { id: '1' },
        { columns, data: [[1e-7], [0.1]] },
        { columns, data: [] },
        { columns, data: [[5e-324]] },
        {},
      ),
    );
    expect(await trino.query(raw('SELECT v FROM t'))).toEqual([[1e-7], [0.1], [5e-324]]);
  });

  test('is told user, catalog, schema, time limit and that times are wanted whole', async () => {
    let seen: IncomingMessage['headers'] = {};
    const { trino } = await answering((request) => {
      seen = request.headers;
      return { body: '{"id":"1","data":[[1]]}' };
    });
    await trino.query(raw('SELECT 1'));
    expect(seen).toMatchObject({
      'x-trino-user': 'desk',
      'x-trino-catalog': 'iceberg',
      'x-trino-schema': 'market',
      'x-trino-session': 'query_max_run_time=300ms',
      'x-trino-client-capabilities': 'PARAMETRIC_DATETIME',
    });
  });

  test('says that a count is too large to be exact, rather than rounding it', async () => {
    const columns = [{ name: 'id', type: 'bigint' }];
    const answer = '{"id":"1","columns":[{"name":"id","type":"bigint"}],"data":[[4654270778472443951]]}';
    const { trino } = await answering((request) =>
      request.method === 'POST'
        ? { body: JSON.stringify({ id: '1', columns, nextUri: `http://${request.headers.host}/next` }) }
        : { body: answer },
    );
    await expect(trino.query(raw('SELECT id FROM t'))).rejects.toMatchObject({
      code: 'trino_bigint_rounded',
    });
  });

  test('is asked at most eight things at a time, and all are answered', async () => {
    let open = 0;
    let most = 0;
    const order: string[] = [];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      order.push(Buffer.concat(chunks).toString());
      most = Math.max(most, ++open);
      await delay(5);
      open--;
      response.end('{"id":"1","data":[[1]]}');
    });
    const url = await listening(server);
    const trino = trinoSql({ url, user: 'desk', catalog: 'iceberg', schema: 'market' });
    await Promise.all(Array.from({ length: 40 }, (_, at) => trino.query(raw(`SELECT ${at}`))));
    expect(most).toBe(8);
    expect(order).toHaveLength(40);
    expect(new Set(order).size).toBe(40);
  });

  test.each([
    [{ errorName: 'SYNTAX_ERROR', errorType: 'USER_ERROR' }, 'trino_query_failed', 'fault'],
    [{ errorName: 'NO_NODES_AVAILABLE', errorType: 'INSUFFICIENT_RESOURCES' }, 'trino_busy', 'busy'],
    [{ errorName: 'SERVER_STARTING_UP', errorType: 'INTERNAL_ERROR' }, 'trino_busy', 'busy'],
    [{ errorName: 'EXCEEDED_TIME_LIMIT', errorType: 'INSUFFICIENT_RESOURCES' }, 'trino_timeout', 'busy'],
  ])('error %j is raised', async (error, code, kind) => {
    const { trino } = await answering(pages({ id: '1' }, { error: { ...error, message: 'line 1:8: why' } }));
    const expected = { code, kind, message: expect.stringContaining('line 1:8: why') };
    await expect(trino.query(raw('SELECT'))).rejects.toMatchObject(expected);
  });

  test('error in the first answer is raised too', async () => {
    const error = { errorName: 'SYNTAX_ERROR', errorType: 'USER_ERROR', message: 'at once' };
    const { trino } = await answering(pages({ id: '1', error }));
    await expect(trino.query(raw('SELECT'))).rejects.toMatchObject({ code: 'trino_query_failed' });
  });

  test.each([
    [401, 'trino_unauthorised', 'AURUM_TRINO_USER'],
    [403, 'trino_unauthorised', 'AURUM_TRINO_USER'],
    [503, 'trino_unavailable', 'AURUM_TRINO_URL'],
  ])('status %i names the setting', async (status, code, setting) => {
    const { trino } = await answering(() => ({ status, body: '{}' }));
    await expect(trino.query(raw('SELECT 1'))).rejects.toMatchObject({
      code,
      remedy: expect.stringContaining(setting),
    });
  });

  test('that is not there, and one that says nothing, are told apart from a wrong statement', async () => {
    const { url, trino } = await answering(() => ({ body: '{}' }));
    await new Promise((done) => server!.close(done));
    const unavailable = { kind: 'busy', code: 'trino_unavailable', message: expect.stringContaining(url) };
    await expect(trino.query(raw('SELECT 1'))).rejects.toMatchObject(unavailable);
    const silent = await answering(() => undefined);
    await expect(silent.trino.query(raw('SELECT 1'))).rejects.toMatchObject({
      kind: 'busy',
      code: 'trino_timeout',
    });
  });
});
