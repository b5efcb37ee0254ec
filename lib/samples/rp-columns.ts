/**
 * Columns of a generated refined-products and renewables workbook: invented product names of the kinds the vendor quotes
 * (outrights, differentials, cracks, certificates, RINs, carbon, LNG), with the traps its real names have.
 */
export type Region = 'US' | 'EU' | 'AP' | 'ME';

export interface RpColumn {
  readonly region: Region;
  readonly location: string;
  readonly product: string;
  /** About where its price lies, in its own unit (USD a gallon, barrel, tonne, certificate ...). */
  readonly level: number;
  /** A price against another price: may be negative, whatever the level of the two legs. */
  readonly differential: boolean;
  /** Also shown in the sheet `Renewables - LNG`. */
  readonly renewable: boolean;
}

/** Name and the price of one barrel of it, USD; other units follow from that. */
const GRADES: readonly (readonly [name: string, usd_bbl: number])[] = [
  ['Gasoline Regular 85', 86],
  ['Gasoline Premium 94', 93],
  ['Diesel 12ppm', 95],
  ['Kerosene Grade 2', 94],
  ['Heating Gasoil .2%', 91],
  ['Fuel Oil 0.8%', 71],
  ['Fuel Oil 2.8%', 66],
  ['Naphtha Light', 74],
];
const GALLONS_PER_BARREL = 42;
const BARRELS_PER_TONNE = 7.2;

/** A name with ` vs`, `Crack` or `Spread` in it is a differential. */
const DIFFERENTIAL = /\bvs\b|\bcrack\b|\bspread\b/i;

/** All 367 columns in sheet order; without `inserted`, the 356 there were before eleven came in between. */
export function rpColumns(options: { inserted: boolean }): readonly RpColumn[] {
  const columns = [...unitedStates(), ...europe(), ...asiaPacific(), ...middleEast()];
  return options.inserted ? columns : columns.filter((_, index) => index % 33 !== 20);
}

function unitedStates(): RpColumn[] {
  const refined = ['New York', 'Gulf Coast', 'West Coast', 'Midwest'].flatMap((location) =>
    GRADES.flatMap(([grade, usd_bbl]) => {
      const level = grade.startsWith('Fuel Oil') ? usd_bbl : usd_bbl / GALLONS_PER_BARREL;
      return [grade, `${grade} vs. Brent`, `${grade} Crack`].map((product) =>
        column('US', location, product, level),
      );
    }),
  );
  const arbitrage = ['Gasoline Regular 85', 'Diesel 12ppm', 'Kerosene Grade 2', 'Naphtha Light'].map(
    (grade) => column('US', 'New York', `${grade} New York vs Gulf Coast`, 2.2),
  );
  return [...certificates(), ...refined, ...arbitrage, ...blending(), ...carbon()];
}

function certificates(): RpColumn[] {
  const kinds = ['Class I', 'Class II', 'Solar', 'Wind'];
  const states = ['East Coast', 'Northeast', 'PJM'].flatMap((location) =>
    kinds.flatMap((kind, index) => {
      const product = `${kind} Compliance Renewable Energy Certificate`;
      const level = kind === 'Solar' ? 180 : 4 + 9 * index;
      return [
        column('US', location, product, level, true),
        column('US', location, `${product} Prior Year`, Math.min(level, 30), true),
      ];
    }),
  );
  const voluntary = ['Front Half', 'Back Half'].flatMap((half) => [
    column('US', 'ERCOT', `Wind Renewable Energy Certificate ${half}`, 3, true),
    column('US', 'NAR', `Registered Renewable Energy Certificate Any Technology ${half} Specific`, 5, true),
  ]);
  return [...states, ...voluntary];
}

function blending(): RpColumn[] {
  const rins = ['D3 RIN', 'D4 RIN', 'D5 RIN', 'D6 RIN'].flatMap((rin, index) => [
    column('US', 'Gulf Coast', rin, 2.3 - index * 0.5, true),
    column('US', 'Gulf Coast', `${rin} (Previous)`, 2.2 - index * 0.5, true),
  ]);
  const biofuels = ['Gulf Coast', 'New York', 'Midwest'].flatMap((location) => [
    column('US', location, 'Biodiesel B98', 3.9, true),
    column('US', location, 'Biodiesel B98 vs Heating Gasoil 1st Line', 3.9, true),
    column('US', location, 'Ethanol Undenatured', 1.8, true),
    column('US', location, 'Ethanol Undenatured vs. Gasoline Regular 85', 1.8, true),
  ]);
  const lng = ['LNG FOB', 'LNG FOB vs. Pipeline Gas'].map((product) =>
    column('US', 'Gulf Coast', product, 10, true),
  );
  return [...rins, ...biofuels, ...lng];
}

/** The last one stands in `Fixed Prices` alone, in no regional sheet. */
function carbon(): RpColumn[] {
  return [
    column('US', 'West Coast', 'Pacific Carbon Allowance Current', 34, true),
    column('US', 'West Coast', 'Pacific Carbon Allowance Next', 36, true),
    column('US', 'Northeast', 'Atlantic Carbon Allowance Current', 21, true),
    column('US', 'Northeast', 'Atlantic Carbon Allowance Current vs Next', 21, true),
    column('US', 'West Coast', 'Cascade Carbon Allowance Current', 52),
  ];
}

function europe(): RpColumn[] {
  const places = [
    ['Rotterdam', 'FOB Barge'],
    ['Rotterdam', 'CIF'],
    ['Northwest Europe', 'FOB Cargo'],
    ['Northwest Europe', 'CIF Cargo'],
    ['Mediterranean', 'FOB Med Cargo'],
  ] as const;
  const refined = places.flatMap(([location, delivery]) =>
    GRADES.flatMap(([grade, usd_bbl]) => {
      const product = `${grade} ${delivery}`;
      // One name ends in a blank, as one of the vendor's does.
      const written = product === 'Fuel Oil 0.8% FOB Barge' ? `${product} ` : product;
      return [written, `${product} vs Brent 1st Line`, `${product} Crack Spread`].map((name) =>
        column('EU', location, name, usd_bbl * BARRELS_PER_TONNE),
      );
    }),
  );
  const bio = ['Biodiesel FAME -5', 'Biodiesel RME', 'Biodiesel UCOME'].flatMap((grade) =>
    ['Rotterdam', 'Northwest Europe'].flatMap((location) => [
      column('EU', location, `${grade} FOB ARA Range`, 1250, true),
      column('EU', location, `${grade} FOB ARA Range (RED & ISCC) vs. Gasoil 1st Line`, 1250, true),
    ]),
  );
  const lng = ['Northwest Europe', 'Mediterranean', 'United Kingdom'].map((location) =>
    column('EU', location, 'LNG DES', 11, true),
  );
  return [...refined, ...bio, ...lng, ...europeOther()];
}

function europeOther(): RpColumn[] {
  const long =
    'Low Sulphur Gasoil 9PPM CIF NWE (Any Origin & Grade, Summer/Winter Quality) Cargo vs 1st Line';
  return [
    column('EU', 'Northwest Europe', 'LNG DES vs. Pipeline Gas', 11, true),
    column('EU', 'Northwest Europe', 'Benzene CIF ARA', 880),
    column('EU', 'Rotterdam', 'Methanol FOB', 330),
    column('EU', 'Rotterdam', 'Toluene FOB', 790),
    column('EU', 'United Kingdom', 'Diesel 12ppm UK CIF', 690),
    column('EU', 'United Kingdom', 'Diesel 12ppm UK CIF vs. Gasoil 1st Line', 690),
    column('EU', 'United Kingdom', 'Kerosene Grade 2 UK CIF', 680),
    column('EU', 'United Kingdom', long, 690),
  ];
}

function asiaPacific(): RpColumn[] {
  const bunker = column('AP', 'Singapore', 'Bunker Fuel 0.6% FOB Singapore vs Brent 1st Line', 430);
  const singapore = GRADES.flatMap(([grade, usd_bbl]) =>
    [`${grade} Singapore`, `${grade} Singapore vs. Brent`, `${grade} Singapore Crack`].map((product) =>
      column('AP', 'Singapore', product, usd_bbl),
    ),
  );
  const japan = GRADES.flatMap(([grade, usd_bbl]) =>
    [`${grade} C&F Japan`, `${grade} C&F Japan vs. Singapore`].map((product) =>
      column('AP', 'Japan', product, usd_bbl),
    ),
  );
  const india = GRADES.slice(0, 4).flatMap(([grade, usd_bbl]) =>
    [`${grade} FOB WCI`, `${grade} FOB WCI vs. Singapore`].map((product) =>
      column('AP', 'Western India', product, usd_bbl),
    ),
  );
  return [
    ...singapore,
    // The vendor has one column twice, side by side and equal in every price.
    bunker,
    bunker,
    ...japan,
    column('AP', 'Japan', 'Crude Basket', 78),
    column('AP', 'Japan', 'Crude Basket vs. Brent', 78),
    column('AP', 'Japan', 'Benzene FOB Korea', 860),
    column('AP', 'Japan', 'Toluene FOB Korea', 770),
    column('AP', 'Japan', 'Methanol C&F', 320),
    column('AP', 'Japan', 'LNG DES', 12, true),
    ...india,
    column('AP', 'Western India', 'LNG DES', 11.5, true),
  ];
}

function middleEast(): RpColumn[] {
  return GRADES.slice(0, 6).flatMap(([grade, usd_bbl]) =>
    [`${grade} FOB AG`, `${grade} FOB AG vs. Dubai`].map((product) =>
      column('ME', 'Middle East', product, usd_bbl),
    ),
  );
}

function column(
  region: Region,
  location: string,
  product: string,
  level: number,
  renewable = false,
): RpColumn {
  return { region, location, product, level, differential: DIFFERENTIAL.test(product), renewable };
}
