/**
 * The shared strings of a workbook: a scan for the plain form Excel writes, `<si><t>text</t></si>`, and the strict
 * parser for everything else (rich text, prefixes, CDATA, other encodings). Knows nothing of cells.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import type { SaxesTagNS } from 'saxes';
import { overLimit, refuse, type Subject } from './limits.ts';
import { parseMarkup, plainHead } from './strict.ts';

/** All strings by index. */
export function readStrings(bytes: Buffer, part: string, subject: Subject): string[] {
  return scanStrings(bytes, part, subject) ?? parseStrings([bytes], part, subject).texts;
}

/** Rich text is joined run by run; phonetic readings are dropped. */
export function parseStrings(
  pieces: Uint8Array[],
  part: string,
  subject: Subject,
): { texts: string[]; isPrefixed: boolean } {
  const texts: string[] = [];
  let text = '';
  let isPrefixed = false;
  const reader = {
    open(path: string, tag: SaxesTagNS): void {
      if (path === 'sst') isPrefixed = tag.prefix !== '';
      else if (path === 'sst/si') text = '';
      else if (!path.startsWith('sst/')) {
        throw refuse(subject, 'workbook_malformed', `Part ${part} holds no shared strings`);
      }
    },
    text(path: string, piece: string): void {
      if (path === 'sst/si/t' || path === 'sst/si/r/t') text += piece;
    },
    close(path: string): void {
      if (path !== 'sst/si') return;
      if (texts.length >= subject.limits.strings)
        throw overLimit(subject, 'strings', 'The workbook has more strings');
      texts.push(decodeEscapes(text));
    },
  };
  parseMarkup({ part, pieces }, reader, subject);
  return { texts, isPrefixed };
}

/** Line breaks other than \n and characters XML forbids are left to the strict parser. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters looked for.
const NOT_PLAIN = /[\x00-\x08\x0b-\x1f\ufffe\uffff]|\]\]>/;

/** The strings of a part in plain form; undefined when it is not, which says nothing against the part. */
export function scanStrings(bytes: Buffer, part: string, subject: Subject): string[] | undefined {
  const head = plainHead(bytes, '<si>');
  if (head === undefined || !isUtf8(bytes)) return undefined;
  // One string for the part, and slices of it: 25,000 decoded one by one cost four times as much.
  const items = bytes.subarray(head.length);
  const source = isAscii(items) ? items.toString('latin1') : items.toString('utf8');
  if (NOT_PLAIN.test(source)) return undefined;
  const texts: string[] = [];
  const end = scanItems(source, texts, subject);
  if (end < 0) return undefined;
  // What surrounds the items goes through the strict parser, with one empty item in their place.
  const frame = parseStrings([head, Buffer.from('<si/>'), Buffer.from(source.slice(end))], part, subject);
  return frame.texts.length === 1 && !frame.isPrefixed ? texts : undefined;
}

/** Reads items up to the first other tag and returns its position, or -1 when an item is not plain. */
function scanItems(source: string, texts: string[], subject: Subject): number {
  const hasEntities = source.includes('&');
  const hasEscapes = source.includes('_x');
  let at = 0;
  while (source.startsWith('<si>', at)) {
    if (texts.length >= subject.limits.strings)
      throw overLimit(subject, 'strings', 'The workbook has more strings');
    if (source.startsWith('<t/></si>', at + 4)) {
      texts.push('');
      at += 13;
      continue;
    }
    const start = textStart(source, at + 4);
    const end = source.indexOf('<', start);
    if (start < 0 || !source.startsWith('</t></si>', end)) return -1;
    const raw = source.slice(start, end);
    const text = hasEntities && raw.includes('&') ? decodeEntities(raw) : raw;
    if (text === undefined) return -1;
    texts.push(hasEscapes ? decodeEscapes(text) : text);
    at = end + 9;
  }
  return at;
}

function textStart(source: string, at: number): number {
  if (source.startsWith('<t>', at)) return at + 3;
  return source.startsWith('<t xml:space="preserve">', at) ? at + 24 : -1;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Undefined when an ampersand begins neither a predefined entity nor a character XML allows. */
function decodeEntities(raw: string): string | undefined {
  let isPlain = true;
  const text = raw.replace(
    /&(?:(amp|lt|gt|quot|apos);|#(\d{1,7});|#x([0-9A-Fa-f]{1,6});)?/g,
    (all, name, decimal, hex) => {
      if (name !== undefined) return ENTITIES[name]!;
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      if (isXmlCharacter(code)) return String.fromCodePoint(code);
      isPlain = false;
      return all;
    },
  );
  return isPlain ? text : undefined;
}

function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/** `_x000D_` stands for a character that XML cannot carry, `_x005F_` for the underline before such a form. */
export function decodeEscapes(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
