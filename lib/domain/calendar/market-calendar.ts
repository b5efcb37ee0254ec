/**
 * Delivery hours of a market: days of 23, 24 and 25 hours in its time zone, and the blocks of hours its contracts are traded
 * in. Hours are named by their start, in UTC; a trade's "hour ending 8" (HE 8) is the one that starts at 07:00 local time.
 * Knows no curve and no price. Sources of each market's rule stand beside it.
 */
import { refusal } from '../errors.ts';
import { addMonths } from '../tenor.ts';
import { DAY_MS, dayNumber, HOUR_MS, weekdayOf } from './days.ts';
import { nercHolidays } from './holidays.ts';
import { zoneOffsets } from './zone-offsets.ts';

export interface MarketCalendar {
  readonly name: string;
  /** IANA. */
  readonly time_zone: string;
  /** Local hour at which the delivery day begins; -1 is 23:00 of the evening before. */
  readonly day_start_hour: number;
  /** On-peak hours of a peak day: from this local hour, to that one (exclusive). Null: delivery in whole days only (gas). */
  readonly peak_hours: { readonly from: number; readonly to: number } | null;
  /** Weekdays with on-peak hours: Monday to Friday 5, to Saturday 6. */
  readonly peak_days: 5 | 6;
  readonly holidays: 'NERC' | 'none';
}

type Rule = Omit<MarketCalendar, 'name'>;

const northAmerica = (time_zone: string, from: number, peak_days: 5 | 6 = 5): Rule => ({
  time_zone,
  day_start_hour: 0,
  peak_hours: { from, to: from + 16 },
  peak_days,
  holidays: 'NERC',
});

const europe = (time_zone: string, from: number, day_start_hour: number): Rule => ({
  time_zone,
  day_start_hour,
  peak_hours: { from, to: from + 12 },
  peak_days: 5,
  holidays: 'none',
});

const gas = (time_zone: string, day_start_hour: number): Rule => ({
  time_zone,
  day_start_hour,
  peak_hours: null,
  peak_days: 5,
  holidays: 'none',
});

const RULES: Readonly<Record<string, Rule>> = {
  // HE 8-23 Eastern prevailing time, Monday to Friday but NERC holidays: Nodal Exchange contract specifications, ICE.
  PJM: northAmerica('America/New_York', 7),
  NYISO: northAmerica('America/New_York', 7),
  ISONE: northAmerica('America/New_York', 7),
  // Also traded in prevailing time (Nodal, ICE, NYMEX "MISO hours"), although MISO's tariff keeps EST all year (HE 7-22 EST): the
  // same hours in summer, one hour later in winter. Curves are quotes of what is traded.
  MISO: northAmerica('America/New_York', 7),
  // Likewise: HE 8-23 Eastern prevailing time and NERC holidays (NYMEX SER-5573), although Ontario's market clock keeps EST.
  IESO: northAmerica('America/Toronto', 7),
  // HE 7-22 Central prevailing time, Monday to Friday but NERC holidays: ICE NGX and CME ERCOT futures; SPP alike.
  ERCOT: northAmerica('America/Chicago', 6),
  SPP: northAmerica('America/Chicago', 6),
  // HE 7-22 Pacific prevailing time, Monday to Saturday but NERC holidays: Nodal; WECC's heavy load hours.
  CAISO: northAmerica('America/Los_Angeles', 6, 6),
  // HE 8-23 Mountain prevailing time, Monday to Saturday but NERC holidays: AESO's market statistics, ICE NGX Alberta 6x16.
  AESO: northAmerica('America/Edmonton', 7, 6),
  // 08:00-20:00 CET/CEST, Monday to Friday, public holidays included: EEX Contract Specifications, 1.1.3 Delivery Time.
  EEX: europe('Europe/Berlin', 8, 0),
  // 07:00-19:00 UK time, Monday to Friday, bank holidays included (EFA blocks 3 to 5). A delivery day is the EFA day, which
  // begins at 23:00 of the evening before. Months are those of the calendar, as in all contracts from Winter 2014 on.
  UK: europe('Europe/London', 7, -1),
  // Gas days: EU 06:00 CET (Regulation (EU) 2017/459, 05:00 UTC in winter), GB 05:00 UK time (the same instant; Uniform Network
  // Code), North America 09:00 Central clock time (NAESB WGQ).
  GAS_EU: gas('Europe/Berlin', 6),
  GAS_UK: gas('Europe/London', 5),
  GAS_US: gas('America/Chicago', 9),
};

const CALENDARS: ReadonlyMap<string, MarketCalendar> = new Map(
  Object.entries(RULES).map(([name, rule]) => [name, Object.freeze({ name, ...rule })]),
);
/** Other ways the names are written, once letters are upper case and all but letters and digits is gone. */
const ALIASES: Readonly<Record<string, string>> = {
  NEISO: 'ISONE',
  ISONEWENGLAND: 'ISONE',
  NEPOOL: 'ISONE',
  GASEU: 'GAS_EU',
  GASUK: 'GAS_UK',
  GASUS: 'GAS_US',
  GB: 'UK',
};

/**
 * The calendar of that name, in any case: PJM, NYISO, ISO-NE (ISONE), MISO, ERCOT, SPP, CAISO, AESO, IESO, EEX, UK, GAS_EU, GAS_UK, GAS_US.
 * @throws calendar_unknown
 */
export function marketCalendar(name: string, field = 'calendar'): MarketCalendar {
  const folded = name.toUpperCase().replace(/[^A-Z0-9]/g, '');
  const found = CALENDARS.get(Object.hasOwn(ALIASES, folded) ? ALIASES[folded]! : folded);
  if (found !== undefined) return found;
  throw refusal('calendar_unknown', `No market calendar is called "${name.slice(0, 40)}"`, {
    field,
    remedy: `One of ${[...CALENDARS.keys()].join(', ')}.`,
  });
}

/** What decides about an hour: its clock, and whether its delivery day is a peak day (never a holiday). */
interface HourFacts {
  readonly inPeakHours: boolean;
  /** Monday to Friday. */
  readonly ofFive: boolean;
  /** Monday to Saturday. */
  readonly ofSix: boolean;
  /** Of the market's own peak days. */
  readonly ofMarket: boolean;
}

interface Block {
  readonly covers: (hour: HourFacts) => boolean;
  /** What a calendar must have for the block to exist there. */
  readonly needs: 'nothing' | 'peak_hours' | 'sixteen_peak_hours';
}

const all: Block = { needs: 'nothing', covers: () => true };
const onPeak: Block = { needs: 'peak_hours', covers: (hour) => hour.inPeakHours && hour.ofMarket };
const offPeak: Block = { needs: 'peak_hours', covers: (hour) => !(hour.inPeakHours && hour.ofMarket) };
const sixteen = (covers: Block['covers']): Block => ({ needs: 'sixteen_peak_hours', covers });

const BLOCKS: Readonly<Record<string, Block>> = {
  ATC: all,
  RTC: all,
  BASE: all,
  FLAT: all,
  '7x24': all,
  ON_PEAK: onPeak,
  PEAK: onPeak,
  OFF_PEAK: offPeak,
  '5x16': sixteen((hour) => hour.inPeakHours && hour.ofFive),
  '6x16': sixteen((hour) => hour.inPeakHours && hour.ofSix),
  '2x16': sixteen((hour) => hour.inPeakHours && !hour.ofFive),
  '1x16': sixteen((hour) => hour.inPeakHours && !hour.ofSix),
  '7x16': sixteen((hour) => hour.inPeakHours),
  '7x8': sixteen((hour) => !hour.inPeakHours),
};
/** `On-Peak`, `on peak` and `ONPEAK` are one. */
const folded = (block: string): string => block.toUpperCase().replace(/[\s_-]/g, '');
const BLOCK_OF_TEXT: ReadonlyMap<string, Block> = new Map(
  Object.entries(BLOCKS).flatMap(([name, block]) => [
    [name, block],
    [folded(name), block],
  ]),
);

function blockOf({ name, peak_hours }: MarketCalendar, block: string, field = 'block'): Block {
  const found = BLOCK_OF_TEXT.get(block) ?? BLOCK_OF_TEXT.get(folded(block));
  const length = peak_hours === null ? 0 : peak_hours.to - peak_hours.from;
  const exists = (needs: Block['needs']) =>
    needs === 'nothing' || length === 16 || (needs === 'peak_hours' && length > 0);
  if (found !== undefined && exists(found.needs)) return found;
  throw refusal('block_unknown', `The calendar ${name} has no block "${block.slice(0, 40)}"`, {
    field,
    remedy: `One of ${Object.keys(BLOCKS)
      .filter((key) => exists(BLOCKS[key]!.needs))
      .join(', ')}.`,
  });
}

/** @throws block_unknown at the field where the calendar has no such block */
export function requireBlock(calendar: MarketCalendar, block: string, field = 'block'): void {
  blockOf(calendar, block, field);
}

type DayFacts = Omit<HourFacts, 'inPeakHours'>;
/** By calendar and day: every hour of a day asks for the same. */
const factsOfDays = new WeakMap<MarketCalendar, Map<number, DayFacts>>();

function dayFacts(calendar: MarketCalendar, day: number): DayFacts {
  const known = factsOfDays.get(calendar)?.get(day);
  if (known !== undefined) return known;
  const year = new Date(day * DAY_MS).getUTCFullYear();
  const working = calendar.holidays === 'none' || !nercHolidays(year).includes(day);
  const weekday = weekdayOf(day);
  const facts = {
    ofFive: working && weekday < 5,
    ofSix: working && weekday < 6,
    ofMarket: working && weekday < calendar.peak_days,
  };
  const days = factsOfDays.get(calendar) ?? new Map<number, DayFacts>();
  factsOfDays.set(calendar, days.set(day, facts));
  return facts;
}

/** Instant at which a delivery day begins, ms UTC. */
const startOfDay = (calendar: MarketCalendar, day: number): number =>
  zoneOffsets(calendar.time_zone).instantOf(day * DAY_MS + calendar.day_start_hour * HOUR_MS);

function isPeakHour({ peak_hours }: MarketCalendar, local_hour: number): boolean {
  return peak_hours !== null && local_hour >= peak_hours.from && local_hour < peak_hours.to;
}

/** Starts of all hours of the delivery days from `from` (inclusive) to `to` (exclusive), ms UTC, ascending. */
export function hourStarts(calendar: MarketCalendar, from: string, to: string): Float64Array {
  const [first, end] = period(from, to);
  const begin_ms = startOfDay(calendar, first);
  const length = (startOfDay(calendar, end) - begin_ms) / HOUR_MS;
  return Float64Array.from({ length }, (_, hour) => begin_ms + hour * HOUR_MS);
}

/** Delivery day (days since 1970) of the hour that starts at this instant (ms UTC), and the hour local clocks show. */
export function deliveryHour(
  { time_zone, day_start_hour }: MarketCalendar,
  start_ms: number,
): { readonly day: number; readonly local_hour: number } {
  const local_ms = start_ms + zoneOffsets(time_zone).offsetAt(start_ms);
  return {
    day: Math.floor((local_ms - day_start_hour * HOUR_MS) / DAY_MS),
    local_hour: Math.floor(local_ms / HOUR_MS) % 24,
  };
}

/** Whether the hour that starts at this instant (ms UTC) belongs to the block. @throws block_unknown */
export function isInBlock(calendar: MarketCalendar, block: string, start_ms: number): boolean {
  const { covers } = blockOf(calendar, block);
  const { day, local_hour } = deliveryHour(calendar, start_ms);
  return covers({ inPeakHours: isPeakHour(calendar, local_hour), ...dayFacts(calendar, day) });
}

/** Hours of the block on one delivery day, counted one by one. */
function hoursOfDay(calendar: MarketCalendar, { covers }: Block, day: number): number {
  const { offsetAt } = zoneOffsets(calendar.time_zone);
  const facts = dayFacts(calendar, day);
  const coversPeak = covers({ ...facts, inPeakHours: true });
  const coversRest = covers({ ...facts, inPeakHours: false });
  const end_ms = startOfDay(calendar, day + 1);
  let hours = 0;
  for (let start_ms = startOfDay(calendar, day); start_ms < end_ms; start_ms += HOUR_MS) {
    const local_hour = Math.floor((start_ms + offsetAt(start_ms)) / HOUR_MS) % 24;
    if (isPeakHour(calendar, local_hour) ? coversPeak : coversRest) hours++;
  }
  return hours;
}

/** Hours of each day of a month, by calendar and block: counted once, for every caller asks for the same months. */
const countedMonths = new WeakMap<MarketCalendar, Map<Block, Map<string, Uint8Array>>>();

function hoursOfMonthDays(calendar: MarketCalendar, block: string, month: string): Uint8Array {
  const rule = blockOf(calendar, block);
  const ofCalendar = countedMonths.get(calendar) ?? new Map<Block, Map<string, Uint8Array>>();
  countedMonths.set(calendar, ofCalendar);
  const ofBlock = ofCalendar.get(rule) ?? new Map<string, Uint8Array>();
  ofCalendar.set(rule, ofBlock);
  const known = ofBlock.get(month);
  if (known !== undefined) return known;
  const first = dayNumber(month, 'month');
  const length = dayNumber(addMonths(month, 1)) - first;
  const hours = Uint8Array.from({ length }, (_, day) => hoursOfDay(calendar, rule, first + day));
  ofBlock.set(month, hours);
  return hours;
}

/**
 * Hours of the block in the delivery days from `from` (inclusive) to `to` (exclusive), `YYYY-MM-DD`.
 * @throws date_impossible, period_reversed, block_unknown
 */
export function blockHours(calendar: MarketCalendar, block: string, from: string, to: string): number {
  const [first, end] = period(from, to);
  let hours = 0;
  for (let month = `${from.slice(0, 7)}-01`; month < to; month = addMonths(month, 1)) {
    const ofDays = hoursOfMonthDays(calendar, block, month);
    const month_first = dayNumber(month);
    const last = Math.min(ofDays.length, end - month_first);
    for (let day = Math.max(0, first - month_first); day < last; day++) hours += ofDays[day]!;
  }
  return hours;
}

/** Hours of the block in a month, `YYYY-MM-01`. @throws date_impossible, block_unknown */
export function monthHours(calendar: MarketCalendar, block: string, month: string): number {
  return hoursOfMonthDays(calendar, block, `${month.slice(0, 7)}-01`).reduce((sum, hours) => sum + hours, 0);
}

function period(from: string, to: string): readonly [first: number, end: number] {
  const first = dayNumber(from, 'from');
  const end = dayNumber(to, 'to');
  if (end >= first) return [first, end];
  throw refusal('period_reversed', `The period ends on ${to}, before it begins on ${from}`, {
    field: 'to',
    remedy: 'Give the first day, and the day after the last.',
  });
}
