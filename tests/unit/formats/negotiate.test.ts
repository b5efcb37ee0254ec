import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyFormat, FORMATS, MEDIA_TYPES, negotiate } from '#lib/formats/negotiate.ts';

describe('the format of an answer', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['text/csv', 'csv'],
    ['text/*', 'csv'],
    ['Text/CSV; header=present', 'csv'],
    ['application/vnd.apache.arrow.stream', 'arrow'],
    ['application/json;q=0.5, application/x-ndjson;q=0.6', 'ndjson'],
    ['application/json;q=0.5, text/csv;q=0.5', 'json'],
    ['*/*;q=0.1, application/vnd.apache.parquet', 'parquet'],
    ['application/json;q=0, */*', 'ndjson'],
    ['application/*;q=0.2, application/json;q=0.1', 'ndjson'],
  ])('for Accept %s is %s', (accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });

  it('is the one named, whatever the header says', () => {
    expect(negotiate('text/csv', 'Arrow')).toBe('arrow');
    expect(negotiate(MEDIA_TYPES.xlsx, undefined, ['json', 'xlsx'] as const)).toBe('xlsx');
  });

  it.each([
    ['text/html', undefined],
    ['application/json;q=0', undefined],
    ['application/json;q=2', undefined],
    ['nonsense', undefined],
    [undefined, 'xml'],
    [undefined, '__proto__'],
    [MEDIA_TYPES.xlsx, undefined],
  ])('is refused for Accept %s, format %s, saying what there is', (accept, format) => {
    expect(() => negotiate(accept, format)).toThrowError(
      expect.objectContaining({
        code: 'not_acceptable',
        remedy: expect.stringContaining('application/vnd.apache.parquet'),
      }),
    );
  });

  it('is one there is or a refusal, for any header', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.subarray([...FORMATS] as AnyFormat[], { minLength: 1 }),
        (accept, available) => {
          try {
            expect(available).toContain(negotiate(accept, undefined, available));
          } catch (error) {
            expect(error).toMatchObject({ code: 'not_acceptable' });
          }
        },
      ),
    );
    const began_ms = performance.now();
    expect(() => negotiate(`${'a/b;q=0.1,;='.repeat(100_000)}`)).toThrow();
    expect(performance.now() - began_ms).toBeLessThan(1_000);
  });
});
