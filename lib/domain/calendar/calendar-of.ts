/**
 * Which calendar a curve's delivery follows, from its identity as the vendors write it. Knows their words for places; what
 * has no hours of delivery (allowances, certificates, oil products) has no calendar.
 */
import type { Identity } from '../curve.ts';
import { refusal } from '../errors.ts';
import { type MarketCalendar, marketCalendar } from './market-calendar.ts';

/** The vendors' regions of Europe: all of EU and EE trade by CET and EEX's hours, the UK by its own. */
const POWER_OF_REGION: Readonly<Record<string, string>> = { EU: 'EEX', EE: 'EEX', UK: 'UK', GB: 'UK' };
const GAS_OF_REGION: Readonly<Record<string, string>> = {
  EU: 'GAS_EU',
  EE: 'GAS_EU',
  UK: 'GAS_UK',
  GB: 'GAS_UK',
  US: 'GAS_US',
  NA: 'GAS_US',
};

/**
 * Power by its ISO, else by region (EU, EE, UK). Gas by the North American gas day where an ISO is named, else by region.
 * @throws calendar_unknown naming what the curve says of itself.
 */
export function calendarOf(
  curve: Pick<Identity, 'iso' | 'region' | 'location' | 'asset_class'>,
  field = 'curve',
): MarketCalendar {
  const { iso, location } = curve;
  const region = (curve.region ?? '').trim().toUpperCase();
  const asset_class = curve.asset_class.trim().toLowerCase();
  if (asset_class === 'gas') {
    if (iso !== null) return marketCalendar('GAS_US');
    if (Object.hasOwn(GAS_OF_REGION, region)) return marketCalendar(GAS_OF_REGION[region]!);
  }
  if (asset_class === 'power') {
    if (iso !== null) return marketCalendar(iso, `${field}.iso`);
    if (Object.hasOwn(POWER_OF_REGION, region)) return marketCalendar(POWER_OF_REGION[region]!);
  }
  throw refusal(
    'calendar_unknown',
    `No delivery hours are known for ${asset_class} in region "${region.slice(0, 20)}", location "${(location ?? '').slice(0, 40)}"`,
    { field, remedy: 'Name the calendar, or a curve of power or gas with an ISO or a region EU, EE, UK.' },
  );
}
