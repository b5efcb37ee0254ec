/**
 * A generated North American power workbook (PW): ISO, market and hours in the header rows, the unit in a row of its own,
 * made-up prices. Its strips have the balance of the year and quarters besides calendars and seasons.
 */
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { monthOf } from '#lib/domain/tenor.ts';
import { forwardPrices } from './forward-curve.ts';
import {
  calendars,
  type Frame,
  monthlySheet,
  type PriceColumn,
  type SampleOptions,
  type Strip,
  seasons,
  strip,
  stripSheet,
} from './frame.ts';
import { drawBetween } from './random.ts';

const MONTHS = 61;
const QUARTERS = 8;
const WIDTH = 0.11;
const OFF_PEAK_SHARE = 0.72;

interface Market {
  readonly iso: string;
  readonly market: string;
  readonly unit: string;
  readonly hours: readonly string[];
  readonly peak_month: number;
}

const market = (
  iso: string,
  name: string,
  peak_month: number,
  unit = 'USD/MWh',
  hours = ['ON_PEAK', 'OFF_PEAK'],
): Market => ({ iso, market: name, unit, hours, peak_month });

/** Where summers are the high, July; in the north, January. The two Canadian units are written in different ways. */
const MARKETS: readonly Market[] = [
  market('PJM', 'West', 7),
  market('PJM', 'AEP Dayton', 7),
  market('PJM', 'Northern Illinois', 7),
  market('ERCOT', 'North', 8, 'USD/MWh', ['ON_PEAK', 'OFF_PEAK', 'ATC']),
  market('ERCOT', 'Houston', 8),
  market('CAISO', 'SP15', 8),
  market('CAISO', 'NP15', 8),
  market('MISO', 'Indiana', 7),
  market('NYISO', 'Zone G', 1),
  market('NYISO', 'Zone J', 7),
  market('ISO-NE', 'Mass Hub', 1),
  market('SPP', 'South', 8),
  market('AESO', 'Alberta', 1, 'CAD/MWh', ['ON_PEAK', 'ATC']),
  market('IESO', 'Ontario', 1, 'CAD - MWh'),
];

/** The four sheets of one market day; `PJM`, `West`, `ON_PEAK` is the first column. */
export function samplePw(options: SampleOptions): readonly SheetModel[] {
  const frame: Frame = {
    asof_date: options.asof_date,
    headerRows: [
      { row: 6, label: 'ISO:' },
      { row: 7, label: 'Market:' },
      { row: 8, label: 'Hours:' },
      { row: 9, label: '' },
    ],
    frozenRows: 11,
  };
  const columns = MARKETS.flatMap((place) => columnsOf(place, options));
  const blocks = stripBlocks(options.asof_date);
  return [
    monthlySheet(frame, 'Fixed Prices - Mid', columns, 'mid'),
    monthlySheet(frame, 'Fixed Prices - BidAsk', columns, 'bid_ask'),
    stripSheet(frame, 'Strips - Mid', columns, blocks, 'mid'),
    stripSheet(frame, 'Strips - BidAsk', columns, blocks, 'bid_ask'),
  ];
}

/** Balance of the year, quarters from the running one, the next calendars, the next seasons. */
function stripBlocks(asof_date: string): readonly (readonly Strip[])[] {
  const year = Number(asof_date.slice(0, 4));
  const balance = strip(asof_date, `Bal ${year}`, year, monthOf(year, 1), 12);
  const running = Math.ceil(Number(asof_date.slice(5, 7)) / 3) - 1;
  const quarters = Array.from({ length: QUARTERS }, (_, index) => {
    const of = year + Math.floor((running + index) / 4);
    const quarter = ((running + index) % 4) + 1;
    return strip(asof_date, `Q${quarter} ${of}`, of, monthOf(of, quarter * 3 - 2), 3);
  });
  return [[balance], quarters, calendars(asof_date, year + 1, 4), ...seasons(asof_date, 4)];
}

/** Around-the-clock prices lie between peak and off-peak by their share of the week's hours. */
function columnsOf(place: Market, { asof_date, seed }: SampleOptions): readonly PriceColumn[] {
  const driver = `pw|${place.iso}|${place.market}`;
  const onPeak = drawBetween(seed, `${driver}|level`, 42, 64);
  const share: Readonly<Record<string, number>> = {
    ON_PEAK: 1,
    OFF_PEAK: OFF_PEAK_SHARE,
    ATC: (80 + 88 * OFF_PEAK_SHARE) / 168,
  };
  return place.hours.map((hours) => {
    const level = onPeak * share[hours]!;
    const shape = { driver, level, scale: level, season: 0.2, peak_month: place.peak_month };
    return {
      headers: [place.iso, place.market, hours, place.unit],
      months: forwardPrices(shape, asof_date, MONTHS, seed),
      width: WIDTH,
    };
  });
}
