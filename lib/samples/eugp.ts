/**
 * A generated European gas and power workbook (EUGP): the layout, labels and inner relations of the vendor's, with made-up
 * prices. Spark spreads are computed from its own power and gas, strips from its own months.
 */
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { type CurveShape, forwardPrices } from './forward-curve.ts';
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

const MONTHS = 121;
const STRIP_YEARS = 10;
const WIDTH = 0.2068;
const USD_PER_EUR = 1.15;
const USD_PER_GBP = 1.32;
const MMBTU_PER_MWH = 3.412142;
const MMBTU_PER_THERM = 0.1;
/** Gas burnt per power made: MWh per MWh; for GB, GBP/MWh against pence per therm (0.341214 / 0.4913). */
const HEAT_RATE = { UK: 0.694513017, other: 2 };

type Identity = readonly [location: string, product: string, peak: string];

const bothBlocks = (location: string, products: readonly string[]): Identity[] =>
  products.flatMap((product): Identity[] => [
    [location, product, 'BASE'],
    [location, product, 'PEAK'],
  ]);

const gas = (location: string, ...products: string[]): Identity[] =>
  products.map((product): Identity => [location, product, 'NA']);

/** Location, Product, PEAK of the 48 columns in the vendor's order; the misspelling is the vendor's. */
const COLUMNS: readonly Identity[] = [
  ...gas('EU', 'Belgium', 'Dutch_TTF', 'Austrian_CEGH', 'German', 'German_NCG', 'Italian'),
  ...gas('UK', 'NBP'),
  ...bothBlocks('EU', ['Austrian', 'Belgium', 'French', 'German', 'Italian', 'Dutch']),
  ['EU', 'Nordic', 'BASE'],
  ['EU', 'Spanish', 'BASE'],
  ['EU', 'Swiss', 'BASE'],
  ...bothBlocks('UK', ['Great_Britian']),
  ...bothBlocks('EE', ['Hungary', 'Romania']),
  ['EE', 'Bulgaria', 'BASE'],
  ...bothBlocks('EE', ['Poland', 'Slovenia', 'Czech', 'Slovakia']),
  ['EE', 'Serbian', 'BASE'],
  ...gas('EE', 'Czech'),
  ['EU', 'Greek', 'BASE'],
  ...bothBlocks('EU', ['German/Austrian']),
  ['EE', 'Serbian', 'PEAK'],
  ...gas('EU', 'Dutch_TTF_USDMMBTU'),
  ...gas('UK', 'NBP_USDMMBTU'),
  ...gas('EU', 'French_PEG'),
  ['EU', 'EUA', 'EMISSIONS'],
  ['UK', 'UKA', 'EMISSIONS'],
];

/** Gas leg of a spark spread where it is not the hub of the power's own region. */
const GAS_OF_POWER: Readonly<Record<string, string>> = {
  Austrian: 'Austrian_CEGH',
  Belgium: 'Belgium',
  French: 'French_PEG',
  German: 'German',
  'German/Austrian': 'German',
  Italian: 'Italian',
  Greek: 'Italian',
};
const GAS_OF_REGION: Readonly<Record<string, string>> = { EU: 'Dutch_TTF', UK: 'NBP', EE: 'Czech' };

const isPower = ([, , peak]: Identity): boolean => peak === 'BASE' || peak === 'PEAK';

/** The five sheets of one market day. */
export function sampleEugp(options: SampleOptions): readonly SheetModel[] {
  const { asof_date } = options;
  const columns = COLUMNS.map((identity): PriceColumn => {
    return { headers: identity, months: monthsOf(identity, options), width: WIDTH };
  });
  const frame: Frame = {
    asof_date,
    headerRows: [
      { row: 6, label: 'Location' },
      { row: 7, label: 'Product' },
      { row: 8, label: 'PEAK' },
    ],
    frozenRows: 11,
  };
  const blocks = [
    calendars(asof_date, Number(asof_date.slice(0, 4)), STRIP_YEARS),
    ...seasons(asof_date, STRIP_YEARS),
  ];
  return [
    monthlySheet(frame, 'Fixed Prices - Mid', columns, 'mid'),
    stripSheet(frame, 'Strips - Mid', columns, blocks, 'mid'),
    monthlySheet(frame, 'Fixed Prices - BidAsk', columns, 'bid_ask'),
    stripSheet(frame, 'Strips - BidAsk', columns, blocks, 'bid_ask'),
    sparkSheet(asof_date, columns),
  ];
}

function sparkSheet(asof_date: string, columns: readonly PriceColumn[]): SheetModel {
  const sparks = sparkOrder().map(([location, product, peak]): PriceColumn => {
    const hub = GAS_OF_POWER[product] ?? GAS_OF_REGION[location]!;
    const power = monthsIn(columns, product, peak);
    const fuel = monthsIn(columns, hub, 'NA');
    const heat_rate = location === 'UK' ? HEAT_RATE.UK : HEAT_RATE.other;
    // In this one sheet the vendor writes GB's peak as `Peak`.
    const written = location === 'UK' && peak === 'PEAK' ? 'Peak' : peak;
    return {
      headers: [`${location}>${product}>${written}`, location, product, written, hub],
      months: power.map((price, month) => price - heat_rate * fuel[month]!),
      width: 0,
    };
  });
  const labels = ['', 'Location', 'Product', 'PEAK', 'Spark Location'];
  const headerRows = labels.map((label, index) => ({ row: 5 + index, label }));
  return monthlySheet({ asof_date, headerRows, frozenRows: 11 }, 'Spark Spread', sparks, 'mid');
}

/** The power columns, Serbian peak beside its base. */
function sparkOrder(): readonly Identity[] {
  const power = COLUMNS.filter(isPower);
  const late = power.filter(([, product, peak]) => product === 'Serbian' && peak === 'PEAK');
  return power
    .filter((identity) => !late.includes(identity))
    .flatMap((identity) => (identity[1] === 'Serbian' ? [identity, ...late] : [identity]));
}

function monthsIn(columns: readonly PriceColumn[], product: string, peak: string): readonly number[] {
  return columns.find(({ headers }) => headers[1] === product && headers[2] === peak)!.months;
}

function monthsOf(identity: Identity, options: SampleOptions): readonly number[] {
  const [, product, peak] = identity;
  if (product === 'Dutch_TTF_USDMMBTU') {
    return monthsOf(['EU', 'Dutch_TTF', 'NA'], options).map(
      (eur_mwh) => (eur_mwh * USD_PER_EUR) / MMBTU_PER_MWH,
    );
  }
  if (product === 'NBP_USDMMBTU') {
    return monthsOf(['UK', 'NBP', 'NA'], options).map(
      (pence_therm) => (pence_therm / 100 / MMBTU_PER_THERM) * USD_PER_GBP,
    );
  }
  const shape = peak === 'NA' || peak === 'EMISSIONS' ? fuelShape(identity) : powerShape(identity, options);
  return forwardPrices(shape, options.asof_date, MONTHS, options.seed);
}

/** Gas in EUR/MWh or, for NBP, pence per therm; allowances in EUR or GBP per tonne. */
function fuelShape([, product, peak]: Identity): CurveShape {
  if (peak === 'EMISSIONS') {
    const level = product === 'EUA' ? 70 : 48;
    return { driver: `eugp|${product}`, level, scale: level, season: 0, peak_month: 1 };
  }
  const level = product === 'NBP' ? 72 : 27 + (product.length % 5);
  return { driver: `eugp|${product}|gas`, level, scale: level, season: 0.12, peak_month: 1 };
}

/** EUR/MWh, GB in GBP/MWh. Base and peak of one market move together. */
function powerShape([location, product, peak]: Identity, { seed }: SampleOptions): CurveShape {
  const base = drawBetween(seed, `eugp|${product}|level`, 68, 88) * (location === 'UK' ? 0.95 : 1);
  const level = peak === 'PEAK' ? base * 1.18 : base;
  return { driver: `eugp|${product}|power`, level, scale: level, season: 0.16, peak_month: 1 };
}
