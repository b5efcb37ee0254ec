/** Which format an answer has: by name, or by the Accept header with its q-values. Knows no HTTP beyond that header. */
import { refusal } from '#lib/domain/errors.ts';

export const FORMATS = ['json', 'ndjson', 'csv', 'arrow', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];
/** Also a workbook, where a route has one. */
export type AnyFormat = Format | 'xlsx';

/** What the answer's Content-Type says. */
export const MEDIA_TYPES: Readonly<Record<AnyFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

const MAX_RANGES = 64;

/**
 * The format named, else the one the header likes best; of equals the first one there is.
 * @param accept absent or empty: the first one there is
 * @throws AurumError `not_acceptable` (HTTP 406) that lists what there is
 */
export function negotiate<Available extends AnyFormat = Format>(
  accept: string | undefined,
  format?: string,
  available: readonly Available[] = FORMATS as readonly AnyFormat[] as readonly Available[],
): Available {
  if (format !== undefined) {
    const named = available.find((one) => one === format.toLowerCase());
    if (named === undefined) throw notAcceptable(`there is no format "${format.slice(0, 40)}"`, available);
    return named;
  }
  const ranges = (accept ?? '').split(',', MAX_RANGES).flatMap(rangeOf);
  if (ranges.length === 0 && (accept ?? '').trim() === '') return available[0]!;
  const ranked = available.map((one) => ({ one, quality: qualityOf(one, ranges) }));
  const best = ranked.reduce((held, next) => (next.quality > held.quality ? next : held));
  if (best.quality === 0) throw notAcceptable('none of the media types asked for is available', available);
  return best.one;
}

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/** `text/csv;q=0.8`; nothing for what is no media range, a wrong weight is none. */
function rangeOf(text: string): MediaRange[] {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [type = '', subtype = ''] = name.split('/');
  if (type === '' || subtype === '') return [];
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality =
    weight === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? +weight : 0;
  return [{ type, subtype, quality }];
}

/** The weight of the most exact range that holds the format's media type. */
function qualityOf(format: AnyFormat, ranges: readonly MediaRange[]): number {
  const [type, subtype] = MEDIA_TYPES[format].split(';')[0]!.split('/');
  const exact = ranges.filter((range) => range.type === type && range.subtype === subtype);
  const kind = ranges.filter((range) => range.type === type && range.subtype === '*');
  const any = ranges.filter((range) => range.type === '*' && range.subtype === '*');
  const [decisive = []] = [exact, kind, any].filter(({ length }) => length > 0);
  return decisive.reduce((best, { quality }) => Math.max(best, quality), 0);
}

function notAcceptable(message: string, available: readonly AnyFormat[]) {
  const list = available.map((one) => `${one} (${MEDIA_TYPES[one].split(';')[0]})`).join(', ');
  return refusal('not_acceptable', message, { field: 'format', remedy: `There is: ${list}.` });
}
