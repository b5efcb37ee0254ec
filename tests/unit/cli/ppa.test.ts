/** `aurum ppa value` with the prices in the file: no API, no store, no network. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { valuePpa } from '#lib/domain/ppa/value.ts';
import { ON_PEAK, RISK } from '#tests/fixtures/ppa.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-ppa-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const prices = Array.from({ length: 24 }, (_, index) => ({
  month: `${2026 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01`,
  price: 60,
}));
const market = { reference: { block: 'ON_PEAK', currency: 'USD', per_unit: 'MWh', prices } };
const WHOLE = { contract: ON_PEAK, market, valuation_date: '2025-09-12', options: { risk: RISK } };

let files = 0;
const aurum = (content: unknown, ...options: string[]) => {
  const file = join(folder, `${files++}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return run(['ppa', 'value', file, ...options]);
};

test('gives the valuation as canonical JSON, the same bytes each time', async () => {
  const { code, out, told } = await aurum(WHOLE, '--format', 'json');
  const { contract, valuation_date, options } = WHOLE;
  expect([code, told, out]).toEqual([
    0,
    '',
    `${canonicalJson(valuePpa(contract, market, valuation_date, options))}\n`,
  ]);
});

test('shows figures, waterfall, risk and months as tables', async () => {
  const { code, out } = await aurum(WHOLE);
  expect(code).toBe(0);
  // 50 MW x 336 on-peak hours of January 2026 x (60 - 55).
  expect(out).toMatch(/^2026-01 +16,800 +60\.00 +60\.00 +55\.00 +84,000 +[\d,]+/m);
  expect(out).toMatch(/^break-even strike +60\.00$/m);
  const marked = await aurum({ ...WHOLE, options: { mark_date: '2026-06-01' } });
  expect(marked.out).toMatch(/^mark-to-market at 2026-06-01 +-?[\d,]+ USD$/m);
  expect(out).toMatch(/^VaR, CVaR 95\.0 % +[\d,]+, [\d,]+$/m);
  expect(out).toMatch(/^credit +0 +[\d,]+$/m);
});

test('says of each month where its price comes from', async () => {
  const origins = [{}, { origin: 'strip' }, { origin: 'strip', determined: false }];
  const marked = prices.map((price, index) => ({ ...price, ...origins[index] }));
  const { out } = await aurum({ ...WHOLE, market: { reference: { ...market.reference, prices: marked } } });
  const ends = (month: string, said: string) => new RegExp(`^${month} .*[0-9]${said} *$`, 'm');
  expect(out).toMatch(ends('2026-01', ''));
  expect(out).toMatch(ends('2026-02', ' +from a strip'));
  expect(out).toMatch(ends('2026-03', ' +from a strip, left open by overlapping strips'));
});

test('values it on another day where one is named', async () => {
  const on = async (...options: string[]) =>
    JSON.parse((await aurum(WHOLE, '--format', 'json', ...options)).out);
  const later = await on('--as-of', '2026-06-15');
  expect(later.valuation_date).toBe('2026-06-15');
  expect(later.cashflows[0].month).toBe('2026-06-01');
});

test.each([
  ['no JSON', '{', 'file_not_json'],
  ['a list', [], 'file_not_valuation'],
  ['no market', { contract: ON_PEAK }, 'market_missing'],
  ['a contract alone', ON_PEAK, 'market_missing'],
  ['a field too many', { ...WHOLE, colour: 'red' }, 'ppa_file_invalid'],
  ['no day', { ...WHOLE, valuation_date: undefined }, 'ppa_valuation_date_invalid'],
  ['impossible terms', { ...WHOLE, contract: { ...ON_PEAK, end: '2020-01-01' } }, 'ppa_contract_invalid'],
  ['months without a price', { ...WHOLE, contract: { ...ON_PEAK, end: '2030-12-31' } }, 'price_missing'],
])('refuses a file with %s', async (_, content, code) => {
  const refused = await aurum(content);
  expect([refused.code, refused.out, refused.told]).toEqual([2, '', expect.stringContaining(`(${code})`)]);
});

test.each([[[]], [['value']], [['valuate', 'x']], [['contracts', 'x']], [['value', 'a', 'b']]])(
  'says what it can do when asked %j',
  async (argv) => {
    const { code, told } = await run(['ppa', ...argv]);
    expect([code, told]).toEqual([2, expect.stringContaining('(action_unknown)')]);
  },
);
