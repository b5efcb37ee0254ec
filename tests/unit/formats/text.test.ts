import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine } from '#lib/formats/text.ts';

describe('a line of CSV', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+cmd|x', "'+cmd|x"],
    ['-cmd', "'-cmd"],
    ['\tx', "'\tx"],
    ['\rx', `"'\rx"`],
    ['-0.5', "'-0.5"],
    ['＝1', "'＝1"],
    ["'x", "''x"],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    ['', '""'],
  ])('writes %j as %j', (field, written) => {
    expect(csvLine([field])).toBe(written);
  });

  it('writes numbers in full and null as nothing', () => {
    expect(csvLine([0.1 + 0.2, -1e-9, null, undefined, -0])).toBe('0.30000000000000004,-1e-9,,,-0');
  });

  it('never lets a text begin a formula', () => {
    fc.assert(
      fc.property(fc.string(), (field) => {
        const bare = csvLine([field]).replace(/^"/, '');
        return !/^[=+\-@\t\r\n]/.test(bare);
      }),
    );
  });
});
