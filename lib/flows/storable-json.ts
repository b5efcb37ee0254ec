/** JSON as the operational database takes it: texts without NUL and without halves of characters. */
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';

/** An escape that JSON.stringify writes for NUL or a lone surrogate, not one that a text itself spells out. */
const NOT_TEXT = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/** @throws AurumError `text_invalid` */
export function storableJson(value: unknown): string {
  const text = canonicalJson(value);
  if (!NOT_TEXT.test(text)) return text;
  throw refusal('text_invalid', 'a text holds NUL or half a character', {
    field: 'body',
    remedy: 'Send well-formed Unicode without control characters.',
  });
}

/** The same value with U+FFFD for each NUL and half of a character in its texts. */
export function storableTexts<Value>(value: Value): Value {
  const text = (_: string, part: unknown) =>
    typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '\ufffd') : part;
  return JSON.parse(JSON.stringify(value), text);
}
