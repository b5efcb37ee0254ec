/**
 * Which cell styles show a number as a date or a time. Knows the number formats of a workbook, nothing of its cells.
 */
import type { SaxesTagNS } from 'saxes';
import { type Package, partBytes } from './package.ts';
import { parseMarkup } from './strict.ts';

/** 1 at the index of every cell style (`s` of a cell) whose number format is a date or a time. */
export type DateStyles = Uint8Array;

/** Built-in formats of dates and times: 14-22 and 45-47 everywhere, the others in East Asian Excel. */
const BUILT_IN_DATES: readonly (readonly [from: number, to: number])[] = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
];

export function readDateStyles(file: Package, part: string | undefined): DateStyles {
  if (part === undefined) return new Uint8Array();
  const formats = new Map<string, boolean>();
  const styles: string[] = [];
  const open = (path: string, tag: SaxesTagNS): void => {
    const { numFmtId, formatCode } = tag.attributes;
    if (path === 'styleSheet/cellXfs/xf') styles.push(numFmtId?.value ?? '0');
    if (path !== 'styleSheet/numFmts/numFmt' || numFmtId === undefined || formatCode === undefined) return;
    formats.set(numFmtId.value, isDateFormat(formatCode.value));
  };
  parseMarkup({ part, pieces: [partBytes(file, part)] }, { open }, file.subject);
  return Uint8Array.from(styles, (id) => ((formats.get(id) ?? isBuiltInDate(Number(id))) ? 1 : 0));
}

function isBuiltInDate(id: number): boolean {
  return BUILT_IN_DATES.some(([from, to]) => id >= from && id <= to);
}

/**
 * Whether a format code such as `[$-409]mmm\-yy;@` shows a date or time: one of d m y h s that is neither quoted,
 * escaped, nor part of a colour, condition or currency in brackets. `[h]` and its like count elapsed time.
 */
export function isDateFormat(code: string): boolean {
  for (let at = 0; at < code.length; at++) {
    switch (code[at]) {
      case '"':
        at = closing(code, '"', at);
        break;
      case '[': {
        const end = closing(code, ']', at);
        if (/^\[(h{1,9}|m{1,9}|s{1,9})$/i.test(code.slice(at, Math.min(end, at + 11)))) return true;
        at = end;
        break;
      }
      case '\\':
      case '_':
      case '*':
        at++;
        break;
      default:
        if ('dmyhs'.includes(code[at]!.toLowerCase())) return true;
    }
  }
  return false;
}

function closing(code: string, mark: string, at: number): number {
  const end = code.indexOf(mark, at + 1);
  return end < 0 ? code.length : end;
}
