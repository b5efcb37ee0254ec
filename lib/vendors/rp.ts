/**
 * RP: refined products, biofuels, environmental certificates, carbon and LNG of four regions. The region stands unlabelled
 * above the locations; four further sheets repeat columns of Fixed Prices - Mid. Asset class and unit come from rules on
 * the product text. Knows no price and no column letter.
 */
import { type ColumnMeaning, type HeaderOf, layoutFit, type PriceLayout } from '#lib/domain/price-layout.ts';
import { parsePriceSheets } from '#lib/domain/price-sheets.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import { parseUnit } from '#lib/domain/units.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';

interface ProductRule {
  readonly product: RegExp;
  readonly asset_class: 'renewable' | 'carbon' | 'gas' | 'fuel';
  /** Only what the instrument's definition says. A unit guessed from the level of prices would be no data. */
  readonly currency: string | null;
  readonly per_unit: string | null;
}

/** The first that matches holds. */
const PRODUCTS: readonly ProductRule[] = [
  // One certificate is one MWh generated.
  rule(
    /\b(?:renewable|alternative) energy (?:credit|certificate)\b/i,
    'renewable',
    'USD',
    'MWh (certificate)',
  ),
  // A renewable identification number is one gallon of ethanol equivalent.
  rule(/^D\d\b|^RVO\b/, 'renewable', 'USD', 'gal (RIN)'),
  // RGGI allowances are short tons, the others metric ones.
  rule(/\bregional greenhouse gas initiative\b/i, 'carbon', 'USD', 'short_ton'),
  // Quoted as a differential between vintages.
  rule(/\bcarbon allow\w* current$|^CCA AAC$/i, 'carbon', null, null),
  rule(/\bcarbon\b|^CCA\b/i, 'carbon', 'USD', 'tonne'),
  rule(/\bLNG\b/, 'gas', null, null),
  rule(/^/, 'fuel', null, null),
];

function rule(
  product: RegExp,
  asset_class: ProductRule['asset_class'],
  currency: string | null,
  per_unit: string | null,
): ProductRule {
  return { product, asset_class, currency, per_unit };
}

/** Locations that are the area of a grid operator. */
const ISO_LOCATIONS = new Set(['ERCOT', 'PJM']);

function identify(header: HeaderOf): ColumnMeaning {
  const location = header('location')!;
  const product = header('product')!;
  const found = PRODUCTS.find((candidate) => candidate.product.test(product))!;
  const units_raw = header('units');
  const written = units_raw === null ? found : parseUnit(units_raw);
  return {
    series: {
      asset_class: found.asset_class,
      iso: ISO_LOCATIONS.has(location) ? location : null,
      region: header('region'),
      location,
      market: location,
      product,
      block: null,
      spark_location: null,
      units_raw,
      currency: written?.currency ?? null,
      per_unit: written?.per_unit ?? null,
    },
  };
}

const FIELDS = ['region', 'location', 'product'] as const;

const regionalCopy = (name: string) => ({
  name,
  side: 'copy' as const,
  fields: ['location', 'product'] as const,
  required: false,
  copyReason: 'regional copy, equal to Fixed Prices - Mid',
});

const LAYOUT: PriceLayout = {
  vendor: 'rp',
  seasons: OTC_SEASONS,
  carry: false,
  regionAboveLocation: true,
  sheets: [
    { name: 'Fixed Prices - Mid', side: 'mid', fields: FIELDS, required: true },
    { name: 'Seasonal Blocks - Mid', side: 'mid', fields: FIELDS, required: true },
    { name: 'Fixed Prices - BidAsk', side: 'bid_ask', fields: FIELDS, required: true },
    { name: 'Seasonal Blocks - BidAsk', side: 'bid_ask', fields: FIELDS, required: true },
    ...['North America', 'Europe', 'Asia', 'Renewables - LNG'].map(regionalCopy),
  ],
  signature: { has: FIELDS, lacks: ['peak', 'iso', 'hours', 'market'] },
  identify,
};

export const adapter: VendorAdapter = {
  vendor: LAYOUT.vendor,
  title: 'Refined products, renewables, carbon and LNG',
  seasons: LAYOUT.seasons,
  fit: (workbook) => layoutFit(workbook, LAYOUT),
  parse: (workbook, context) => parsePriceSheets(workbook, context, LAYOUT),
};
