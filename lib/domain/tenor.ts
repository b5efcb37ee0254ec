/**
 * Tenors: the text or date of a delivery period to its type, first delivery month and months of delivery.
 * Knows the forms of the trade; which months a season has is a rule the vendor's adapter hands in.
 */
import type { Tenor } from './curve.ts';

/** Months of the named seasons. A winter's year is the year it ends in. */
export interface SeasonRule {
  readonly summer: { readonly firstMonth: number; readonly months: number };
  readonly winter: { readonly firstMonth: number; readonly months: number };
}

/** OTC style: Summer Y = Apr..Oct Y; Winter Y = Nov Y-1 .. Mar Y. Source: 132 measured workbooks. */
export const OTC_SEASONS: SeasonRule = {
  summer: { firstMonth: 4, months: 7 },
  winter: { firstMonth: 11, months: 5 },
};

/** First day of the month `offset` months after `month` (any date of the month). */
export function addMonths(month: string, offset: number): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + offset;
  return monthOf(Math.floor(index / 12), (index % 12) + 1);
}

/** Whole months from `from` to `to` (first days or any date of the month). */
export function monthsBetween(from: string, to: string): number {
  const index = (date: string) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
  return index(to) - index(from);
}

export function monthOf(year: number, month: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-01`;
}

/** A date tenor: a monthly contract, whatever day of the month the cell holds. */
export function monthTenor(date: string): Tenor {
  return { tenor_type: 'MONTHLY', contract_month: `${date.slice(0, 7)}-01`, tenor_label: date.slice(0, 7) };
}

const MAX_TENOR_LENGTH = 32;
const YEAR = '(?<year>20\\d\\d|21\\d\\d|\\d\\d)';
const CALENDAR = new RegExp(`^cal(?:endar)?[ -]?${YEAR}$`, 'i');
const SEASON = new RegExp(`^(?<season>summer|winter)[ -]${YEAR}$`, 'i');
const WINTER_OVER_TWO_YEARS = new RegExp(`^winter (?<from>20\\d\\d|21\\d\\d|\\d\\d)[-/]${YEAR}$`, 'i');
const QUARTER = new RegExp(`^(?:q(?<after>[1-4])[ -]|(?<before>[1-4])q[ -]?)${YEAR}$`, 'i');
const HALF = new RegExp(`^h(?<half>[12])[ -]${YEAR}$`, 'i');
const BALANCE = new RegExp(`^bal(?:ance)?[ -]${YEAR}$`, 'i');
const MONTH_NAMES = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const MONTH = new RegExp(
  `^(?<month>${MONTH_NAMES.flatMap((name) => [name, name.slice(0, 3)]).join('|')})[ -]?${YEAR}$`,
  'i',
);

const fullYear = (digits: string): number => (digits.length === 2 ? 2000 + Number(digits) : Number(digits));

/** Number of a month's English name or its first three letters, any case; 0 when it is none. */
export function monthNumber(name: string): number {
  const lower = name.toLowerCase();
  return MONTH_NAMES.findIndex((month) => month === lower || month.slice(0, 3) === lower) + 1;
}

function seasonTenor(season: string, year: number, seasons: SeasonRule, tenor_label: string): Tenor {
  const { firstMonth, months } = season.toLowerCase() === 'summer' ? seasons.summer : seasons.winter;
  // The year is the one the season ends in.
  const firstYear = firstMonth + months - 1 > 12 ? year - 1 : year;
  return { tenor_type: 'SEASON', contract_month: monthOf(firstYear, firstMonth), tenor_label };
}

/**
 * Text of a delivery period to its tenor, `contract_month` the nominal first month of delivery: also of a strip that
 * already runs. Understood, in any case: `Calendar 2027`, `Cal 27`, `Cal-27`; `Summer 2026`, `Winter 2026`,
 * `Winter 2025-2026`; `Q3 2026`, `3Q26`; `H1 2026` (a season of six months); `Bal 2025` in 2025 (a calendar from the
 * as-of month on); `Sep-25`, `Sep 2025`. A year of two digits is of this century. Undefined for everything else.
 */
export function parseTenor(text: string, asof_date: string, seasons: SeasonRule): Tenor | undefined {
  const label = text.trim();
  if (label.length > MAX_TENOR_LENGTH) return undefined;
  let found = CALENDAR.exec(label)?.groups;
  if (found) return tenorOf('CALENDAR', found, 1, label);
  found = SEASON.exec(label)?.groups;
  if (found) return seasonTenor(found.season!, fullYear(found.year!), seasons, label);
  found = WINTER_OVER_TWO_YEARS.exec(label)?.groups;
  if (found) {
    const year = fullYear(found.year!);
    return fullYear(found.from!) === year - 1 ? seasonTenor('winter', year, seasons, label) : undefined;
  }
  found = QUARTER.exec(label)?.groups;
  if (found) return tenorOf('QUARTER', found, Number(found.before ?? found.after) * 3 - 2, label);
  found = HALF.exec(label)?.groups;
  if (found) return tenorOf('SEASON', found, found.half === '1' ? 1 : 7, label);
  found = BALANCE.exec(label)?.groups;
  if (found) {
    const runs = fullYear(found.year!) === Number(asof_date.slice(0, 4));
    return runs ? tenorOf('CALENDAR', found, Number(asof_date.slice(5, 7)), label) : undefined;
  }
  found = MONTH.exec(label)?.groups;
  // A month is labelled as a date tenor is, however the workbook writes it.
  return found && monthTenor(monthOf(fullYear(found.year!), monthNumber(found.month!)));
}

function tenorOf(
  tenor_type: Tenor['tenor_type'],
  found: Readonly<Record<string, string | undefined>>,
  month: number,
  tenor_label: string,
): Tenor {
  return { tenor_type, contract_month: monthOf(fullYear(found.year!), month), tenor_label };
}

/** Months of delivery by type and label, so that it also works on a stored row. A balance ends with its year. */
function deliveryLength({ tenor_type, contract_month, tenor_label }: Tenor, seasons: SeasonRule): number {
  if (tenor_type === 'MONTHLY') return 1;
  if (tenor_type === 'QUARTER') return 3;
  if (tenor_type === 'CALENDAR') return 13 - Number(contract_month.slice(5, 7));
  if (HALF.test(tenor_label)) return 6;
  return /^s/i.test(tenor_label) ? seasons.summer.months : seasons.winter.months;
}

/** First days of all months the tenor names, whether or not they lie before the as-of month. */
export function deliveryMonths(tenor: Tenor, seasons: SeasonRule): string[] {
  return Array.from({ length: deliveryLength(tenor, seasons) }, (_, offset) =>
    addMonths(tenor.contract_month, offset),
  );
}

/**
 * First days of the months a quotation of the day covers: those from the as-of month on, which counts whole. A strip
 * that already runs is the mean of these alone.
 */
export function coveredMonths(tenor: Tenor, asof_date: string, seasons: SeasonRule): string[] {
  const asofMonth = `${asof_date.slice(0, 7)}-01`;
  return deliveryMonths(tenor, seasons).filter((month) => month >= asofMonth);
}
