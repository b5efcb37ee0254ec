/**
 * The price of all hours from those on and off peak, month by month: (h_on p_on + h_off p_off) / h, the hours of the whole
 * month by the market's calendar. Knows no contract and no store.
 */
import type { MonthPrice, PpaMarketInput } from '#schemas/ppa-market.ts';
import { type MarketCalendar, monthHours } from '../calendar/market-calendar.ts';
import { refusal } from '../errors.ts';

type ReferenceInput = PpaMarketInput['reference'];

/**
 * Months that only one of the two has are left out. A price is of a strip, or undetermined, where one of its two is.
 * @param field path of the curve in the request, for the refusals
 * @throws currencies_mixed
 */
export function baseOfBlocks(
  on_peak: ReferenceInput,
  off_peak: ReferenceInput,
  calendar: MarketCalendar,
  field = 'market.reference',
): ReferenceInput {
  const { currency, per_unit } = on_peak;
  if (currency !== off_peak.currency || per_unit !== off_peak.per_unit) {
    throw refusal('currencies_mixed', 'The prices on and off peak are in several units', {
      field,
      remedy: 'Different currencies are never mixed: name one block by its curve_key.',
    });
  }
  const offPeakOf = new Map(off_peak.prices.map((row) => [row.month, row]));
  const prices = on_peak.prices.flatMap((on): MonthPrice[] => {
    const { month } = on;
    const off = offPeakOf.get(month);
    if (off === undefined) return [];
    const [hours_on, hours_off] = [
      monthHours(calendar, 'ON_PEAK', month),
      monthHours(calendar, 'OFF_PEAK', month),
    ];
    const price = (hours_on * on.price + hours_off * off.price) / (hours_on + hours_off);
    const origin = [on.origin, off.origin].includes('strip') ? 'strip' : 'month';
    const determined = on.determined !== false && off.determined !== false;
    return [{ month, price, origin, ...(determined ? {} : { determined }) }];
  });
  const version_hashes = new Set([on_peak, off_peak].flatMap((curve) => curve.version_hashes ?? []));
  return {
    curve_key: null,
    block: 'BASE',
    currency,
    per_unit,
    version_hashes: [...version_hashes].sort(),
    prices,
  };
}
