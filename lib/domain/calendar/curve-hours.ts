/** The hours a curve's price is for: its calendar and its block, where its product is delivered by the hour. */
import type { Identity } from '../curve.ts';
import { AurumError } from '../errors.ts';
import { calendarOf } from './calendar-of.ts';
import { type MarketCalendar, monthHours } from './market-calendar.ts';

export interface CurveHours {
  readonly calendar: MarketCalendar;
  readonly block: string;
}

const ANY_MONTH = '2026-01-01';
const UNKNOWN = ['calendar_unknown', 'block_unknown'];

/** Undefined for what has no hours of delivery, and for a block its market does not have. Without a block it is every hour. */
export function hoursOfCurve(
  curve: Pick<Identity, 'iso' | 'region' | 'location' | 'asset_class' | 'block'>,
): CurveHours | undefined {
  const block = curve.block ?? 'ATC';
  try {
    const calendar = calendarOf(curve);
    monthHours(calendar, block, ANY_MONTH);
    return { calendar, block };
  } catch (error) {
    if (error instanceof AurumError && UNKNOWN.includes(error.code)) return undefined;
    throw error;
  }
}
