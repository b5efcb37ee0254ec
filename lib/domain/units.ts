/**
 * Unit texts such as `USD/MWh`, `CAD - MWh`, `C$`, `€/MWh` to currency and quantity. Knows how units are written, not what
 * any vendor quotes in. GBp (pence) and GBP differ by 100 and are told apart by case alone.
 */

export interface PriceUnit {
  /** ISO 4217, or GBp for pence. */
  readonly currency: string;
  /** Null where only a currency is written, or a quantity that is not known. */
  readonly per_unit: string | null;
}

const MAX_LENGTH = 32;
const UNIT_TEXT = /^([a-z]*[$€£]|[a-z]{3}[$]?|p|pence)(?: ?[-/] ?| per | )?([a-z_ ]*)$/i;

const CURRENCIES: Readonly<Record<string, string>> = {
  usd: 'USD',
  us$: 'USD',
  usd$: 'USD',
  $: 'USD',
  cad: 'CAD',
  c$: 'CAD',
  ca$: 'CAD',
  cad$: 'CAD',
  cdn: 'CAD',
  cdn$: 'CAD',
  eur: 'EUR',
  '€': 'EUR',
  gbp: 'GBP',
  '£': 'GBP',
  gbx: 'GBp',
  p: 'GBp',
  pence: 'GBp',
};

const QUANTITIES: Readonly<Record<string, string>> = {
  mwh: 'MWh',
  kwh: 'kWh',
  mmbtu: 'MMBtu',
  dth: 'Dth',
  gj: 'GJ',
  therm: 'therm',
  th: 'therm',
  t: 'tonne',
  mt: 'tonne',
  tonne: 'tonne',
  'short ton': 'short_ton',
  bbl: 'bbl',
  gal: 'gal',
};

/** Undefined when the text holds no currency this knows. */
export function parseUnit(text: string): PriceUnit | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const found = UNIT_TEXT.exec(text.replace(/\s+/g, ' ').trim());
  if (found === null) return undefined;
  const written = found[1]!;
  const currency = written === 'GBp' ? 'GBp' : CURRENCIES[written.toLowerCase()];
  if (currency === undefined) return undefined;
  return { currency, per_unit: knownQuantity(found[2]!) ?? null };
}

/** `t`, `Short_Ton`, `MMBTU` as tonne, short_ton, MMBtu; undefined for a quantity that this does not know. */
export function knownQuantity(text: string): string | undefined {
  const written = text
    .trim()
    .replace(/[\s_]+/g, ' ')
    .toLowerCase();
  return Object.hasOwn(QUANTITIES, written) ? QUANTITIES[written] : undefined;
}
