import { afterAll, describe, expect, test } from 'vitest';
import { inProcessParser } from '#lib/adapters/workbook-parser/in-process.ts';
import { workerThreadParser } from '#lib/adapters/workbook-parser/worker-thread.ts';
import { AurumError } from '#lib/domain/errors.ts';
import type { WorkbookParser, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { parse } from '#tests/fixtures/hostile/parse-entry.ts';

const entry = new URL('../../fixtures/hostile/parse-entry.ts', import.meta.url);
const source = (source_file: string, bytes = new Uint8Array([1, 2, 3])): WorkbookSource => ({
  source_file,
  bytes,
});

/** The error a parse ends in. */
async function errorOf(parser: WorkbookParser, file: string): Promise<AurumError> {
  const error = await parser.parse(source(file)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AurumError);
  return error as AurumError;
}

const ADAPTERS: Readonly<Record<string, () => WorkbookParser>> = {
  'in process': () => inProcessParser(parse),
  'worker thread': () => workerThreadParser({ entry }),
};

describe.each(Object.entries(ADAPTERS))('workbook parser, %s', (_, create) => {
  const parser = create();
  afterAll(() => parser.close());

  test('an outcome arrives as the parse made it, and the caller keeps its bytes', async () => {
    const whole = new Uint8Array([9, 1, 2, 3, 9]);
    const view = whole.subarray(1, 4);
    const given = { ...source('good.xlsx', view), expected_asof: '2025-02-14' };
    const outcome = await parser.parse(given);
    expect(outcome).toEqual(parse(given));
    expect([...whole]).toEqual([9, 1, 2, 3, 9]);
  });

  test('a refusal keeps code, message, remedy and place', async () => {
    const error = await errorOf(parser, 'refused.xlsx');
    expect(error.kind).toBe('refused');
    expect(error.detail()).toEqual({
      code: 'unreadable_price',
      message: 'The cell holds no price',
      remedy: 'Correct the cell.',
      file: 'refused.xlsx',
      sheet: 'Strips',
      cell: 'H42',
      field: 'mid',
    });
  });

  test('a mistake of ours is a fault that names the file, and the next workbook is parsed', async () => {
    const error = await errorOf(parser, 'fault.xlsx');
    expect(error.detail()).toEqual({
      code: 'parse_failed',
      message: 'Reading the workbook failed: a mistake of ours',
      file: 'fault.xlsx',
    });
    expect(error.kind).toBe('fault');
    expect((await parser.parse(source('good.xlsx'))).table.length).toBe(3);
  });

  test('workbooks handed in at once are each answered with their own outcome', async () => {
    const sizes = [5, 1, 4, 2, 3];
    const outcomes = await Promise.all(
      sizes.map((size) => parser.parse(source(`${size}.xlsx`, new Uint8Array(size)))),
    );
    expect(outcomes.map(({ table }) => [table.source_file, table.length])).toEqual(
      sizes.map((size) => [`${size}.xlsx`, size]),
    );
  });
});

describe('the thread of a workbook that cannot be parsed', () => {
  test('is stopped at the timeout without holding up the event loop, and replaced', async () => {
    const parser = workerThreadParser({ entry, timeout_ms: 300 });
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    const [error, next] = await Promise.all([
      errorOf(parser, 'endless.xlsx'),
      parser.parse(source('good.xlsx')),
    ]);
    clearInterval(ticking);
    expect(error.detail()).toMatchObject({ code: 'workbook_timeout', file: 'endless.xlsx' });
    expect(error.kind).toBe('refused');
    expect(next.table.length).toBe(3);
    expect(ticks).toBeGreaterThan(5);
    await parser.close();
  });

  test('is stopped when it takes more memory than it may, and replaced', async () => {
    const parser = workerThreadParser({ entry, heap_mb: 40 });
    const [error, next] = await Promise.all([
      errorOf(parser, 'greedy.xlsx'),
      parser.parse(source('good.xlsx')),
    ]);
    expect(error.detail()).toMatchObject({ code: 'workbook_too_large', file: 'greedy.xlsx' });
    expect(error.kind).toBe('refused');
    expect(next.table.length).toBe(3);
    await parser.close();
  });

  test('may end by itself: that is a fault, and it is replaced', async () => {
    const parser = workerThreadParser({ entry });
    expect((await errorOf(parser, 'exit.xlsx')).detail()).toMatchObject({
      code: 'parse_thread_failed',
      file: 'exit.xlsx',
    });
    expect((await parser.parse(source('good.xlsx'))).table.length).toBe(3);
    await parser.close();
  });

  test('may fail to start: that is a fault at every call, and nothing hangs', async () => {
    const parser = workerThreadParser({ entry: new URL('./no-such-module.ts', import.meta.url) });
    for (let call = 0; call < 2; call++) {
      expect((await errorOf(parser, 'good.xlsx')).code).toBe('parse_thread_failed');
    }
    await parser.close();
  });
});

test('a closed parser answers that it is closing, also to the workbook being parsed', async () => {
  const parser = workerThreadParser({ entry });
  await parser.parse(source('good.xlsx'));
  const running = errorOf(parser, 'endless.xlsx');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await parser.close();
  expect((await running).code).toBe('parser_closed');
  const late = await errorOf(parser, 'good.xlsx');
  expect([late.code, late.kind]).toEqual(['parser_closed', 'busy']);
});
