import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Entry, solveLinear } from '#lib/domain/linear-equations.ts';

test('a band of any width solves back to the vector it was made of, also where the diagonal is empty', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer(),
      (size, half, seed) => {
        const draw = (row: number, column: number) => Math.sin(seed + 12.9898 * row + 78.233 * column);
        const entries: Entry[] = [];
        for (let row = 0; row < size; row++) {
          for (let column = Math.max(0, row - half); column <= Math.min(size - 1, row + half); column++) {
            // An anti-dominant pair of neighbours makes it need its pivots.
            const strong = column === (row ^ 1) || (column === row && row === size - 1 && size % 2 === 1);
            entries.push([
              row,
              column,
              row === column && !strong ? 0 : draw(row, column) + (strong ? 8 * half : 0),
            ]);
          }
        }
        const x = Float64Array.from({ length: size }, (_, index) => draw(index, -1));
        const right = new Float64Array(size);
        for (const [row, column, value] of entries) right[row]! += value * x[column]!;
        const found = solveLinear(entries, right)!;
        found.forEach((value, index) => {
          expect(Math.abs(value - x[index]!)).toBeLessThan(1e-9);
        });
      },
    ),
    { numRuns: 100 },
  );
});

test('equations without one solution have none', () => {
  const entries: Entry[] = [
    [0, 0, 1],
    [0, 1, 2],
    [1, 0, 2],
    [1, 1, 4],
  ];
  expect(solveLinear(entries, Float64Array.of(1, 2))).toBeUndefined();
});
