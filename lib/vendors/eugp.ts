/**
 * EUGP: European gas, power, emissions and spark spreads. Row 8 (PEAK) tells gas from power under one product name.
 * Knows the vendor's headers and what its prices are quoted in; no price, no column letter.
 */
import { foldedText } from '#lib/domain/header-frame.ts';
import { type ColumnMeaning, type HeaderOf, layoutFit, type PriceLayout } from '#lib/domain/price-layout.ts';
import { parsePriceSheets } from '#lib/domain/price-sheets.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import { parseUnit } from '#lib/domain/units.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';

interface Quotation {
  readonly currency: string | null;
  readonly per_unit: string | null;
}

const UNKNOWN: Quotation = { currency: null, per_unit: null };
const EUR_MWH: Quotation = { currency: 'EUR', per_unit: 'MWh' };

/**
 * The workbook writes no unit. Evidence: the gas and power products below give an EUR/USD rate of 1.17 against
 * Dutch_TTF_USDMMBTU, and sparks of heat rate 2 in one unit; NBP gives a GBP/USD rate of 1.35 as pence per therm against
 * NBP_USDMMBTU, and its spark the ratio of pence per therm to GBP/MWh. A product not named here has an unknown unit.
 */
const EUR_PRODUCTS = new Set(
  (
    'Austrian Austrian_CEGH Belgium Bulgaria Czech Dutch Dutch_TTF French French_PEG German German/Austrian German_NCG ' +
    'Greek Hungary Italian Nordic Poland Romania Serbian Slovakia Slovenia Spanish Swiss'
  ).split(' '),
);
const NAMED: Readonly<Record<string, Quotation>> = {
  'gas NBP': { currency: 'GBp', per_unit: 'therm' },
  'power Great_Britian': { currency: 'GBP', per_unit: 'MWh' },
  // By definition of the contracts: one allowance is one tonne.
  'carbon EUA': { currency: 'EUR', per_unit: 'tonne' },
  'carbon UKA': { currency: 'GBP', per_unit: 'tonne' },
};

function quotationOf(asset_class: string, product: string): Quotation {
  if (product.endsWith('_USDMMBTU')) return { currency: 'USD', per_unit: 'MMBtu' };
  const named = `${asset_class} ${product}`;
  if (Object.hasOwn(NAMED, named)) return NAMED[named]!;
  return asset_class !== 'carbon' && EUR_PRODUCTS.has(product) ? EUR_MWH : UNKNOWN;
}

const KINDS: Readonly<Record<string, { asset_class: string; product: string; block: string | null }>> = {
  NA: { asset_class: 'gas', product: 'gas', block: null },
  BASE: { asset_class: 'power', product: 'power', block: 'BASE' },
  PEAK: { asset_class: 'power', product: 'power', block: 'PEAK' },
  EMISSIONS: { asset_class: 'carbon', product: 'emissions', block: null },
};

function identify(header: HeaderOf): ColumnMeaning {
  const peak = header('peak')!.toUpperCase();
  if (!Object.hasOwn(KINDS, peak)) {
    return {
      issue: {
        code: 'unknown_block',
        message: `PEAK "${header('peak')}" is none of ${Object.keys(KINDS).join(', ')}`,
      },
    };
  }
  const kind = KINDS[peak]!;
  const product = header('product')!;
  const spark_location = header('spark_location');
  const units_raw = header('units');
  const { currency, per_unit } =
    units_raw === null
      ? quotationOf(kind.asset_class, product)
      : (parseUnit(foldedText(units_raw)) ?? UNKNOWN);
  return {
    series: {
      asset_class: kind.asset_class,
      iso: null,
      region: header('location'),
      location: product,
      market: product,
      product: spark_location === null ? kind.product : 'spark_spread',
      block: kind.block,
      spark_location,
      units_raw,
      currency,
      per_unit,
    },
  };
}

const FIELDS = ['location', 'product', 'peak'] as const;

const LAYOUT: PriceLayout = {
  vendor: 'eugp',
  seasons: OTC_SEASONS,
  carry: false,
  sheets: [
    { name: 'Fixed Prices - Mid', side: 'mid', fields: FIELDS, required: true },
    { name: 'Strips - Mid', side: 'mid', fields: FIELDS, required: true },
    { name: 'Fixed Prices - BidAsk', side: 'bid_ask', fields: FIELDS, required: true },
    { name: 'Strips - BidAsk', side: 'bid_ask', fields: FIELDS, required: true },
    { name: 'Spark Spread', side: 'mid', fields: [...FIELDS, 'spark_location'], required: true },
  ],
  signature: { has: FIELDS, lacks: ['iso', 'hours'] },
  identify,
};

export const adapter: VendorAdapter = {
  vendor: LAYOUT.vendor,
  title: 'European gas and power',
  seasons: LAYOUT.seasons,
  // Power per gas in one unit; in the UK MWh against pence per therm: 0.341214 / 0.4913.
  heatRates: { EU: 2, EE: 2, UK: 0.694513017 },
  fit: (workbook) => layoutFit(workbook, LAYOUT),
  parse: (workbook, context) => parsePriceSheets(workbook, context, LAYOUT),
};
