import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNoQuote, priceOfText, readPlainBidAsk, splitBidAsk } from '#lib/domain/bid-ask.ts';

const both = (bid: number, ask: number) => ({ outcome: 'both', bid, ask });
const plain = (text: string): [number, number] | undefined => {
  const into = new Float64Array(2);
  return readPlainBidAsk(text, into) ? [into[0]!, into[1]!] : undefined;
};

describe('a bid/ask text has one stated outcome', () => {
  it.each([
    ['45.250   /   47.750', both(45.25, 47.75)],
    ['-0.046   /   0.009', both(-0.046, 0.009)],
    ['45/47', both(45, 47)],
    ['(1.25) / 1.30', both(-1.25, 1.3)],
    ['(1.30)/(1.25)', both(-1.3, -1.25)],
    ['\u22121.25 / \u22120.75', both(-1.25, -0.75)],
    ['1,234.50 / 1,236', both(1234.5, 1236)],
    ['$45 / $47', both(45, 47)],
    ['$45 / 47', both(45, 47)],
    ['-$1.25 / $-0.75', both(-1.25, -0.75)],
    ['($1.25) / $(0.75)', both(-1.25, -0.75)],
    ['45.25-47.75', both(45.25, 47.75)],
    ['45.25 - 47.75', both(45.25, 47.75)],
    ['45.25\u201347.75', both(45.25, 47.75)],
    ['-1.25--0.75', both(-1.25, -0.75)],
    ['(1.25)-(0.75)', both(-1.25, -0.75)],
    ['\u00a045.25\u00a0/\u00a047.75\u00a0', both(45.25, 47.75)],
    ['\t45.25 /\n47.75', both(45.25, 47.75)],
    ['+.5 / .75', both(0.5, 0.75)],
  ])('%j is read', (text, expected) => {
    expect(splitBidAsk(text)).toEqual(expected);
  });

  it('a crossed quotation is read as it stands, for the gate to refuse', () => {
    expect(splitBidAsk('47.75 / 45.25')).toEqual(both(47.75, 45.25));
  });

  it.each([
    ['45.25 /', { outcome: 'bid_only', bid: 45.25, ask: null }],
    ['45.25 / -', { outcome: 'bid_only', bid: 45.25, ask: null }],
    ['45.25 / n/a', { outcome: 'bid_only', bid: 45.25, ask: null }],
    ['/ 47.75', { outcome: 'ask_only', bid: null, ask: 47.75 }],
    ['N/A / 47.75', { outcome: 'ask_only', bid: null, ask: 47.75 }],
    ['\u2014 / 47.75', { outcome: 'ask_only', bid: null, ask: 47.75 }],
  ])('%j quotes one side', (text, expected) => {
    expect(splitBidAsk(text)).toEqual(expected);
  });

  it.each([
    '',
    '   ',
    '\u00a0',
    '-',
    '--',
    '\u2013',
    'n/a',
    'N/A',
    'NA',
    'n.a.',
    '#N/A',
    '/',
    ' / ',
    '- / -',
    'n/a / n/a',
  ])('%j quotes nothing', (text) => {
    expect(splitBidAsk(text)).toEqual({ outcome: 'empty', bid: null, ask: null });
  });

  it.each([
    ['one number', '45.25'],
    ['three sides', '45 / 46 / 47'],
    ['a decimal comma', '45,25 / 47,75'],
    ['a thousands group of two', '1,23.5 / 2'],
    ['blanks on one side of the dash, which may be a sign', '1.25 -1.30'],
    ['two signs', '--1.25 / 2'],
    ['a sign and parentheses', '-(1.25) / 2'],
    ['an exponent', '1e3 / 2e3'],
    ['two currencies', '$45 / €47'],
    ['a fraction', '45 5/8 / 46'],
    ['letters', 'bid / ask'],
    ['Infinity', 'Infinity / Infinity'],
    ['hexadecimal', '0x10 / 0x20'],
    ['an unclosed parenthesis', '(1.25 / 1.30'],
    ['a trailing point', '45. / 46.'],
  ])('%s is a failure: %j', (_, text) => {
    expect(splitBidAsk(text)).toMatchObject({ outcome: 'failure', code: 'unreadable_bid_ask' });
  });

  it('a long text is refused unread, and hostile ones of the longest length cost nothing', () => {
    expect(splitBidAsk(`${'1'.repeat(100)} / 2`)).toMatchObject({ outcome: 'failure' });
    const start = performance.now();
    for (const piece of ['1', '1,111', '(', '-', ' ', '1-', '$', 'n/a', '\u00a0', '1.1']) {
      for (let length = 70; length <= 80; length++) {
        splitBidAsk(`${piece.repeat(80).slice(0, length - 1)}x`);
        priceOfText(piece.repeat(80).slice(0, length));
      }
      splitBidAsk(piece.repeat(1_000_000));
      isNoQuote(piece.repeat(1_000_000));
    }
    expect(performance.now() - start).toBeLessThan(500);
  });
});

const digits = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 999_999_999_999_999 })),
    fc.integer({ min: 0, max: 999_999 }),
    fc.integer({ min: 0, max: 6 }),
  )
  .map(([whole, fraction, places]) =>
    places === 0 ? `${whole}` : `${whole}.${String(fraction).padStart(6, '0').slice(0, places)}`,
  );
const signedDigits = fc.tuple(fc.boolean(), digits).map(([negative, text]) => (negative ? `-${text}` : text));
const grouped = (text: string): string => {
  const [whole, fraction] = text.replace('-', '').split('.');
  const groups = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? groups : `${groups}.${fraction}`;
};
const blanks = fc.constantFrom('', ' ', '   ', '\u00a0', '\u2009', '\t');
const writings = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.replace('-', '\u2212'),
  (text) => (text.startsWith('-') ? `(${text.slice(1)})` : `+${text}`),
  (text) => (text.startsWith('-') ? `-${grouped(text)}` : grouped(text)),
  (text) => (text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`),
);

describe('numbers are exactly those of their digits', () => {
  it('in the measured form, on the fast path and off it', () => {
    fc.assert(
      fc.property(signedDigits, signedDigits, (bid, ask) => {
        const text = `${bid}   /   ${ask}`;
        const split = splitBidAsk(text);
        expect(split.outcome).toBe('both');
        expect(split).toMatchObject({ bid: Number(bid) + 0, ask: Number(ask) + 0 });
        const fast = plain(text);
        if (fast !== undefined) expect(fast).toEqual([Number(bid) + 0, Number(ask) + 0]);
        else expect(Math.max(bid.length, ask.length)).toBeGreaterThan(15);
      }),
      { numRuns: 2_000 },
    );
  });

  it('in every writing of a side, with a slash', () => {
    fc.assert(
      fc.property(
        signedDigits,
        signedDigits,
        writings,
        writings,
        blanks,
        blanks,
        (bid, ask, w1, w2, before, after) => {
          const text = `${before}${w1(bid)}${before}/${after}${w2(ask)}${after}`;
          expect(splitBidAsk(text), text).toMatchObject(both(Number(bid) + 0, Number(ask) + 0));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('with a dash between, whatever the signs', () => {
    fc.assert(
      fc.property(
        signedDigits,
        signedDigits,
        fc.constantFrom('-', ' - ', '\u2013', ' \u2014 '),
        (bid, ask, dash) => {
          expect(splitBidAsk(`${bid}${dash}${ask}`)).toMatchObject(both(Number(bid) + 0, Number(ask) + 0));
        },
      ),
    );
  });

  it('and any text at all gives an outcome, finite when it is a price', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 100, unit: fc.constantFrom(...'0123456789.,-+()/ $€nNaA\u2212\u00a0e') }),
        (text) => {
          const split = splitBidAsk(text);
          if (split.outcome === 'failure') return;
          for (const side of [split.bid, split.ask])
            expect(side === null || Number.isFinite(side)).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe('the fast path', () => {
  it('leaves every other form to the splitter', () => {
    for (const text of [
      '45 / 47',
      '45.25   /   ',
      '   /   45.25',
      '1,0   /   2',
      '1.   /   2',
      '.5   /   2',
      '1..2   /   3',
      '-   /   2',
      '',
    ]) {
      expect(plain(text), text).toBeUndefined();
    }
  });

  it('makes no minus zero', () => {
    expect(plain('-0.000   /   0.009')).toEqual([0, 0.009]);
  });
});

describe('a single price as text', () => {
  it.each([
    ['46.75', 46.75],
    ['(1.25)', -1.25],
    ['$1,234.50', 1234.5],
    [' \u22123 ', -3],
  ])('%j is read', (text, price) => {
    expect(priceOfText(text)).toBe(price);
  });

  it.each(['', 'n/a', '45 / 46', '45,25', 'TBD', '1e9', '1'.repeat(100)])('%j is none', (text) => {
    expect(priceOfText(text)).toBeUndefined();
  });
});
