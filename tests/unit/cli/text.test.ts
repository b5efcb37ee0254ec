import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine, printable, tableText } from '#lib/runtime/cli/text.ts';

describe('a line of CSV', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+cmd|x', "'+cmd|x"],
    ['-cmd', "'-cmd"],
    ['\tx', "'\tx"],
    ['\rx', `"'\rx"`],
    ['-0.5', '-0.5'],
    ['+3e5', '+3e5'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    ['', ''],
  ])('writes %j as %j', (field, written) => {
    expect(csvLine([field])).toBe(`${written}\n`);
  });

  it('writes numbers in full and null as nothing', () => {
    expect(csvLine([0.1 + 0.2, -1e-9, null, undefined, 5])).toBe('0.30000000000000004,-1e-9,,,5\n');
  });

  it('never lets a text begin a formula', () => {
    fc.assert(
      fc.property(fc.string(), (field) => {
        const bare = csvLine([field]).slice(0, -1).replace(/^"/, '');
        return !/^[=@\t\r]/.test(bare) && (!/^[+-]/.test(bare) || Number.isFinite(Number(field)));
      }),
    );
  });
});

it('keeps control characters of a file from the terminal', () => {
  expect(printable('a\u001b[31mb\nc')).toBe('a [31mb c');
  expect(tableText(['A'], [['x\u0007y'], [null]])).toBe('A\nx y\n-\n');
});
