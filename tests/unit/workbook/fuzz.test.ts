import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AurumError } from '#lib/domain/errors.ts';
import { plainWorkbook, readOrRefusal } from '#tests/fixtures/hostile/cells.ts';
import { sheetXml, stringsXml, workbookBytes } from '#tests/fixtures/hostile/workbook.ts';

const ROWS =
  '<row r="1" spans="1:3" ht="15.5"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>45912</v></c><c r="C1"/></row>' +
  '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>-31.705933683875706</v></c><c r="C2" t="b"><v>1</v></c></row>';
const SHEET = sheetXml(ROWS, '<dimension ref="A1:C2"/>', '<mergeCells><mergeCell ref="A5:B6"/></mergeCells>');
const STRINGS = stringsXml(
  '<si><t>Date: &amp;</t></si><si><t xml:space="preserve"> 1.000   /   2.000 </t></si>',
);
const PLAIN = { formats: ['mmm\\-yy'] };

/** Replaces, inserts or removes characters; the new ones are those that XML is made of. */
const damage = (length: number) =>
  fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: length - 1 }),
      removed: fc.integer({ min: 0, max: 3 }),
      inserted: fc.oneof(
        fc.constant(''),
        fc.constantFrom(
          ...'<>&"\'/=!?-_ \n\rxcvrstAB0129.:;#]',
          '\u0000',
          '\u20ac',
          '\ufffe',
          '<!--',
          '-->',
          ']]>',
          '</c>',
          '<c>',
        ),
      ),
    }),
    { minLength: 1, maxLength: 3 },
  );

function damaged(text: string, changes: { at: number; removed: number; inserted: string }[]): string {
  return changes.reduce(
    (now, { at, removed, inserted }) => now.slice(0, at) + inserted + now.slice(at + removed),
    text,
  );
}

/** Both readings of one file: equal cells, or a refusal by both. */
function readsAlike(bytes: Uint8Array): 'cells' | 'refused' {
  const fast = readOrRefusal(bytes);
  const strict = readOrRefusal(bytes, { reading: 'strict' });
  if (fast instanceof AurumError || strict instanceof AurumError) {
    expect(strict).toBeInstanceOf(AurumError);
    expect((fast as AurumError).code).toBe((strict as AurumError).code);
    return 'refused';
  }
  expect(plainWorkbook(fast)).toEqual(plainWorkbook(strict));
  return 'cells';
}

test('a damaged sheet part gives equal cells or an equal refusal, by scanner and strict parser', () => {
  const outcomes = { cells: 0, refused: 0 };
  fc.assert(
    fc.property(damage(SHEET.length), (changes) => {
      outcomes[
        readsAlike(workbookBytes({ ...PLAIN, sheets: [damaged(SHEET, changes)], stringsPart: STRINGS }))
      ]++;
    }),
    { numRuns: 1_500 },
  );
  expect(outcomes.cells).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(50);
});

test('a damaged string part gives equal cells or an equal refusal, by scanner and strict parser', () => {
  const outcomes = { cells: 0, refused: 0 };
  fc.assert(
    fc.property(damage(STRINGS.length), (changes) => {
      outcomes[
        readsAlike(workbookBytes({ ...PLAIN, sheets: [SHEET], stringsPart: damaged(STRINGS, changes) }))
      ]++;
    }),
    { numRuns: 1_000 },
  );
  expect(outcomes.cells).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(50);
});

test('a file with flipped bytes or cut off ends as cells or a refusal, in bounded time', () => {
  const whole = workbookBytes({ ...PLAIN, sheets: [SHEET], stringsPart: STRINGS });
  const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), {
    maxLength: 4,
  });
  const cut = fc.oneof({ weight: 3, arbitrary: fc.constant(whole.length) }, fc.nat(whole.length));
  let refused = 0;
  let slowest_ms = 0;
  fc.assert(
    fc.property(flips, cut, (flipped, length) => {
      const bytes = whole.slice();
      for (const [at, by] of flipped) bytes[at]! ^= by;
      const start = performance.now();
      if (readOrRefusal(bytes.subarray(0, length)) instanceof AurumError) refused++;
      slowest_ms = Math.max(slowest_ms, performance.now() - start);
    }),
    { numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(500);
  expect(slowest_ms).toBeLessThan(3_000);
});
