/**
 * One text that holds a bid and an ask, and single prices written as text. Every form has a stated outcome; what could be
 * read in two ways is a failure, never a guess. Work is linear in the text, and a long text is refused unread.
 * A crossed quotation (bid above ask) is read as it is written: to refuse it is the gate's business.
 */

export type BidAsk =
  | { readonly outcome: 'both'; readonly bid: number; readonly ask: number }
  | { readonly outcome: 'bid_only'; readonly bid: number; readonly ask: null }
  | { readonly outcome: 'ask_only'; readonly bid: null; readonly ask: number }
  /** Blank, dashes or `n/a`: nothing is quoted. */
  | { readonly outcome: 'empty'; readonly bid: null; readonly ask: null }
  | { readonly outcome: 'failure'; readonly code: 'unreadable_bid_ask'; readonly message: string };

/** Longest quotation read. The measured ones have at most 23 characters. */
const MAX_LENGTH = 80;
const EMPTY: BidAsk = { outcome: 'empty', bid: null, ask: null };
const NOTHING_QUOTED = /^(?:[-–—]*|#?n\/?a\.?|n\.a\.?)$/i;
/** Thousands in threes or none at all; `45,25` is neither. */
const AMOUNT = String.raw`(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)`;
const SYMBOL = '[$€£]';
const SIGNED = new RegExp(`^([+-]?)(${SYMBOL}?)([+-]?)(${AMOUNT})$`);
const IN_PARENTHESES = new RegExp(`^(${SYMBOL}?)\\((${SYMBOL}?)(${AMOUNT})\\)$`);
/** `45.25-47.75`, `-1.25--0.75`, `45.25 - 47.75`: blanks on both sides of the dash or on none. */
const SIDE = `[+-]?${SYMBOL}?${AMOUNT}|${SYMBOL}?\\(${SYMBOL}?${AMOUNT}\\)`;
const DASHED = new RegExp(`^(${SIDE})(?: +[-–—] +|[-–—])(${SIDE})$`);

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Reads the vendors' measured form, `<bid>   /   <ask>` with plain decimals, into `into[0]` and `into[1]`.
 * @returns false, with `into` undefined in content, for any other form: `splitBidAsk` knows those.
 */
export function readPlainBidAsk(text: string, into: Float64Array): boolean {
  const slash = text.indexOf('   /   ');
  if (slash <= 0) return false;
  const bid = plainDecimal(text, 0, slash);
  const ask = plainDecimal(text, slash + 7, text.length);
  into[0] = bid;
  into[1] = ask;
  return !(Number.isNaN(bid) || Number.isNaN(ask));
}

/**
 * `-12.345` to its double, NaN for anything else. Up to 15 digits the digits and the power of ten are exact doubles, so
 * their quotient is the same double that `Number` gives.
 */
function plainDecimal(text: string, start: number, end: number): number {
  const negative = text.charCodeAt(start) === 45;
  const first = negative ? start + 1 : start;
  if (end <= first || end - first > 16) return Number.NaN;
  let digits = 0;
  let point = -1;
  for (let at = first; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) digits = digits * 10 + (code - 48);
    else if (code === 46 && point < 0 && at > first && at < end - 1) point = at;
    else return Number.NaN;
  }
  if (point < 0 && end - first > 15) return Number.NaN;
  const amount = point < 0 ? digits : digits / POWERS_OF_TEN[end - point - 1]!;
  return negative && amount !== 0 ? -amount : amount;
}

/** Blanks of every kind to one plain blank, the true minus to a hyphen; trimmed. */
function plainText(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('\u2212', '-').trim();
}

/** Whether the text says that nothing is quoted: blank, dashes, `n/a`. */
export function isNoQuote(text: string): boolean {
  return text === '' || (text.length <= MAX_LENGTH && NOTHING_QUOTED.test(plainText(text)));
}

interface Amount {
  readonly price: number;
  readonly symbol: string;
}

function amountOf(text: string): Amount | undefined {
  const found = SIGNED.exec(text);
  if (found !== null) {
    const [, before, symbol = '', after, digits] = found;
    if (before !== '' && after !== '') return undefined;
    return { price: signed(digits!, before === '-' || after === '-'), symbol };
  }
  const [, outside, inside, digits] = IN_PARENTHESES.exec(text) ?? [];
  if (digits === undefined || (outside !== '' && inside !== '')) return undefined;
  return { price: signed(digits, true), symbol: outside || inside || '' };
}

function signed(digits: string, negative: boolean): number {
  const amount = Number(digits.replaceAll(',', ''));
  return negative && amount !== 0 ? -amount : amount;
}

/** One price written as text: `46.75`, `(1.25)`, `$1,234.50`; undefined for anything else. */
export function priceOfText(text: string): number | undefined {
  return text.length > MAX_LENGTH ? undefined : amountOf(plainText(text))?.price;
}

const failure = (message: string): BidAsk => ({ outcome: 'failure', code: 'unreadable_bid_ask', message });

/**
 * `x / y`, `x-y`, one side of a slash left blank, or nothing. Parentheses are negative, commas part thousands, a currency
 * sign may lead each side if it is the same.
 */
export function splitBidAsk(text: string): BidAsk {
  if (text.length > MAX_LENGTH) return failure(`longer than ${MAX_LENGTH} characters`);
  const plain = plainText(text);
  if (NOTHING_QUOTED.test(plain)) return EMPTY;
  // `n/a` as one side has a slash of its own.
  const sides = plain.replace(/n\/a/gi, '-').split('/');
  if (sides.length > 2) return failure('more than one slash');
  if (sides.length === 2) return quotation(sides[0]!.trim(), sides[1]!.trim());
  const dashed = DASHED.exec(plain);
  if (dashed === null) return failure('neither `bid / ask` nor `bid-ask`');
  return quotation(dashed[1]!, dashed[2]!);
}

function quotation(left: string, right: string): BidAsk {
  const noBid = NOTHING_QUOTED.test(left);
  const noAsk = NOTHING_QUOTED.test(right);
  const bid = noBid ? undefined : amountOf(left);
  const ask = noAsk ? undefined : amountOf(right);
  if (!noBid && bid === undefined) return failure(`the bid "${left}" is no price`);
  if (!noAsk && ask === undefined) return failure(`the ask "${right}" is no price`);
  if (bid === undefined)
    return ask === undefined ? EMPTY : { outcome: 'ask_only', bid: null, ask: ask.price };
  if (ask === undefined) return { outcome: 'bid_only', bid: bid.price, ask: null };
  if (bid.symbol !== '' && ask.symbol !== '' && bid.symbol !== ask.symbol) {
    return failure(`bid in ${bid.symbol}, ask in ${ask.symbol}`);
  }
  return { outcome: 'both', bid: bid.price, ask: ask.price };
}
