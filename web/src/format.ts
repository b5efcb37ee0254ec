/** Numbers, months and names as a desk writes them. */

export interface Identity {
  readonly iso: string | null;
  readonly region: string | null;
  readonly location: string | null;
  readonly market: string | null;
  readonly product: string | null;
  readonly block: string | null;
  readonly spark_location: string | null;
}

/** A vendor's curve in an address: `KEY.pw`. The key alone stands for the first vendor that quotes it. */
export const referenceOf = ({ curve_key, vendor }: { curve_key: string; vendor: string }): string =>
  `${curve_key}.${vendor}`;

/** What tells a curve apart, in the order a trader says it. */
export function curveName(curve: Identity): string {
  const { iso, region, location, market, product, block, spark_location } = curve;
  const parts = [iso ?? region, location, market, product, block, spark_location && `vs ${spark_location}`];
  const said = parts.filter((part): part is string => part !== null && part !== '');
  return said.filter((part, at) => said.indexOf(part) === at).join(' · ');
}

export function unitName(unit: {
  readonly currency: string | null;
  readonly per_unit: string | null;
  readonly units_raw: string | null;
}): string {
  const { currency, per_unit, units_raw } = unit;
  if (currency !== null && per_unit !== null) return `${currency}/${per_unit}`;
  return units_raw ?? 'unit not stated';
}

const MAX_DECIMALS = 3;

/** Decimals that show every price of a column, within reason, so that points stand below each other; `least` at least. */
export function decimalsOf(values: readonly (number | null | undefined)[], least = 2): number {
  let most = least;
  for (const value of values) {
    const text = value === null || value === undefined ? '' : String(value);
    const point = text.indexOf('.');
    if (point >= 0) most = Math.max(most, text.length - point - 1);
  }
  return Math.min(most, MAX_DECIMALS);
}

/** One for each number of decimals: making one costs more than using it. */
const formats = Array.from(
  { length: 12 },
  (_, decimals) =>
    new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
);

/** `1,234.50`: a minus as wide as a plus; nothing for nothing. */
export function price(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return '';
  return formats[Math.min(decimals, formats.length - 1)]!.format(value).replace('-', '−');
}

export function change(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return '';
  const text = price(Math.abs(value), decimals);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}

export const count = (value: number): string => value.toLocaleString('en-US');

export const counted = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The counts in a sentence of the API, as `count` writes them. */
export const spoken = (text: string): string =>
  text.replace(/\b\d{4,}(?= (?:\w+ )?(?:rows|cells|curves|expectations)\b)/g, (digits) =>
    count(Number(digits)),
  );

/** `Jan 27` of `2027-01-01`. */
export const monthName = (day: string): string => `${MONTHS[Number(day.slice(5, 7)) - 1]} ${day.slice(2, 4)}`;

export const TENOR_NAMES: Readonly<Record<string, string>> = {
  MONTHLY: 'Months',
  QUARTER: 'Quarters',
  SEASON: 'Seasons',
  CALENDAR: 'Calendar',
};

/** `14:05:09 UTC` today, else with the day. */
export function clock(instant: string): string {
  const [day = '', time = ''] = instant.split('T');
  const today = new Date().toISOString().slice(0, 10);
  return day === today ? `${time.slice(0, 8)} UTC` : `${day} ${time.slice(0, 5)} UTC`;
}

export const seconds = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000;
