import { expect, it } from 'vitest';
import { printable, tableText } from '#lib/runtime/cli/text.ts';

it('keeps control characters of a file from the terminal', () => {
  expect(printable('a\u001b[31mb\nc')).toBe('a [31mb c');
  expect(tableText(['A'], [['x\u0007y'], [null]])).toBe('A\nx y\n-\n');
});
