/**
 * PW: North American power by ISO, market and hours, with the unit in a row of its own. Written from a description, not
 * from a real file: tolerant of labels, sheet names and blanks to be filled from the left, and it notes what it does not
 * recognise. Knows no price and no column letter.
 */
import { sideOfText } from '#lib/domain/header-frame.ts';
import { type ColumnMeaning, type HeaderOf, layoutFit, type PriceLayout } from '#lib/domain/price-layout.ts';
import { parsePriceSheets } from '#lib/domain/price-sheets.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import { parseUnit } from '#lib/domain/units.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';

const GAS_QUANTITIES = new Set(['MMBtu', 'Dth', 'therm', 'GJ']);
/** Where a bare `$` may be either dollar. */
const CANADIAN_ISOS = new Set(['AESO', 'IESO']);

interface WrittenUnit {
  readonly units_raw: string | null;
  readonly currency: string | null;
  readonly per_unit: string | null;
  readonly note?: string;
}

function unitOf(header: HeaderOf, iso: string | null): WrittenUnit {
  const text = header('units');
  // The unit row may name the side instead.
  if (text === null || sideOfText(text) !== undefined)
    return { units_raw: null, currency: null, per_unit: null };
  const unit = parseUnit(text);
  if (unit === undefined) {
    return {
      units_raw: text,
      currency: null,
      per_unit: null,
      note: `unit "${text.slice(0, 40)}" is not known`,
    };
  }
  if (!text.startsWith('$')) return { units_raw: text, ...unit };
  return CANADIAN_ISOS.has(iso ?? '')
    ? {
        units_raw: text,
        currency: null,
        per_unit: unit.per_unit,
        note: `"${text}" of ${iso} may be either dollar: currency unknown`,
      }
    : { units_raw: text, ...unit, note: `unit "${text}" is read as USD` };
}

function identify(header: HeaderOf): ColumnMeaning {
  const iso = header('iso');
  const hours = header('hours');
  const place = header('location') ?? header('market');
  if (iso === null && place === null) {
    return {
      issue: { code: 'missing_header', message: 'the column has neither ISO nor market nor location' },
    };
  }
  const { note, ...unit } = unitOf(header, iso);
  const isGas = hours === null && GAS_QUANTITIES.has(unit.per_unit ?? '');
  const asset_class = isGas ? 'gas' : 'power';
  const spark_location = header('spark_location');
  const guessed =
    hours === null && !isGas ? `a column without hours at ${place ?? iso} is taken for power` : undefined;
  return {
    series: {
      asset_class,
      iso,
      region: header('region'),
      location: place,
      market: header('market') ?? place,
      product: header('product') ?? (spark_location === null ? asset_class : 'spark_spread'),
      block: hours,
      spark_location,
      ...unit,
    },
    ...((note ?? guessed) === undefined ? {} : { note: (note ?? guessed)! }),
  };
}

const sheet = (name: string, matches: RegExp, side: 'mid' | 'bid_ask', required: boolean) => ({
  name,
  matches,
  side,
  fields: [],
  required,
});

const LAYOUT: PriceLayout = {
  vendor: 'pw',
  seasons: OTC_SEASONS,
  carry: true,
  unlabelledUnits: true,
  sheets: [
    sheet('Fixed Prices - Mid', /^(?:fixed|monthly)(?:prices?)?mids?$/, 'mid', true),
    sheet('Strips - Mid', /^strips?(?:prices?)?mids?$/, 'mid', false),
    sheet('Fixed Prices - BidAsk', /^(?:fixed|monthly)(?:prices?)?bid(?:and)?ask$/, 'bid_ask', false),
    sheet('Strips - BidAsk', /^strips?(?:prices?)?bid(?:and)?ask$/, 'bid_ask', false),
  ],
  signature: { has: ['iso', 'hours'], lacks: ['peak'] },
  identify,
};

export const adapter: VendorAdapter = {
  vendor: LAYOUT.vendor,
  title: 'North American power',
  seasons: LAYOUT.seasons,
  fit: (workbook) => layoutFit(workbook, LAYOUT),
  parse: (workbook, context) => parsePriceSheets(workbook, context, LAYOUT),
};
