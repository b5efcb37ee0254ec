/**
 * A generated refined-products and renewables workbook (RP): four price sheets and four regional sheets that repeat columns
 * of the first. Names and prices are made up; a fifth of the months is negative, some are exactly zero.
 */
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { forwardPrices } from './forward-curve.ts';
import {
  calendars,
  type Frame,
  monthlySheet,
  type PriceColumn,
  type SampleOptions,
  seasons,
  stripSheet,
} from './frame.ts';
import { drawBetween } from './random.ts';
import { type RpColumn, rpColumns } from './rp-columns.ts';

const MONTHS = 61;
const STRIP_YEARS = 5;
const NARROW_WIDTH = 0.033;
const WIDE_WIDTH = 6.6;
const WIDE_FROM_LEVEL = 75;
/** From this month on a certificate of a prior year is worth nothing: a price of exactly zero. */
const WORTHLESS_FROM_MONTH = 24;
/** Of its level: how far a differential's own level lies below zero at most, and above. */
const DIFFERENTIAL_RANGE = { low: -0.1, high: 0.17 };

interface Quoted extends PriceColumn {
  readonly of: RpColumn;
}

/** The eight sheets of one market day. Without `inserted`, eleven columns fewer, as the layout once was. */
export function sampleRp(options: SampleOptions & { inserted?: boolean }): readonly SheetModel[] {
  const { asof_date } = options;
  const columns = rpColumns({ inserted: options.inserted ?? true }).map((of) => quoted(of, options));
  const frame: Frame = {
    asof_date,
    headerRows: [
      { row: 6, label: '' },
      { row: 7, label: 'Location' },
      { row: 8, label: 'Product' },
    ],
    frozenRows: 10,
  };
  const blocks = [
    calendars(asof_date, Number(asof_date.slice(0, 4)), STRIP_YEARS),
    ...seasons(asof_date, STRIP_YEARS),
  ];
  return [
    monthlySheet(frame, 'Fixed Prices - Mid', columns, 'mid'),
    stripSheet(frame, 'Seasonal Blocks - Mid', columns, blocks, 'mid'),
    monthlySheet(frame, 'Fixed Prices - BidAsk', columns, 'bid_ask'),
    stripSheet(frame, 'Seasonal Blocks - BidAsk', columns, blocks, 'bid_ask'),
    ...regionalCopies(frame, columns),
  ];
}

/** Copies of the first sheet's columns, by region and by kind; one carbon column and the Middle East are in none. */
function regionalCopies(frame: Frame, columns: readonly Quoted[]): readonly SheetModel[] {
  const copyFrame = { ...frame, headerRows: frame.headerRows.slice(1) };
  const copy = (name: string, takes: (column: RpColumn) => boolean) => {
    const taken = columns.filter(({ of }) => takes(of)).map((c) => ({ ...c, headers: c.headers.slice(1) }));
    return monthlySheet(copyFrame, name, taken, 'mid');
  };
  return [
    copy('North America', (c) => c.region === 'US' && !c.product.startsWith('Cascade Carbon')),
    copy('Europe', (c) => c.region === 'EU'),
    copy('Asia', (c) => c.region === 'AP'),
    copy('Renewables - LNG', (c) => c.renewable),
  ];
}

function quoted(of: RpColumn, { asof_date, seed }: SampleOptions): Quoted {
  const driver = `rp|${of.location}|${of.product}`;
  const level = of.differential
    ? of.level * drawBetween(seed, `${driver}|level`, DIFFERENTIAL_RANGE.low, DIFFERENTIAL_RANGE.high)
    : of.level * drawBetween(seed, `${driver}|level`, 0.93, 1.07);
  const shape = {
    driver,
    level,
    scale: of.differential ? of.level * 0.05 : level,
    season: of.renewable ? 0.01 : 0.05,
    peak_month: of.product.startsWith('Gasoline') ? 7 : 1,
  };
  const priced = forwardPrices(shape, asof_date, MONTHS, seed);
  const worthless = of.product.endsWith('Prior Year');
  return {
    of,
    headers: [of.region, of.location, of.product],
    months: worthless ? priced.map((price, month) => (month < WORTHLESS_FROM_MONTH ? price : 0)) : priced,
    width: !of.differential && level >= WIDE_FROM_LEVEL ? WIDE_WIDTH : NARROW_WIDTH,
  };
}
