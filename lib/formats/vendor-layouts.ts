/**
 * How the vendors lay out a workbook, for writing one: which sheet a row belongs to and what stands above its column. The
 * inverse of the adapters in `lib/vendors/`; what does not come back the same is found by reading the workbook again.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';

export interface WrittenSheet {
  readonly name: string;
  readonly side: 'mid' | 'bid_ask';
  /** Which curves have a column, also one without prices; which of their rows stand in it. */
  readonly holds: (row: CurveObservation) => boolean;
  readonly tenors: (row: CurveObservation) => boolean;
  readonly headers: readonly WrittenHeader[];
}

export interface WrittenHeader {
  readonly row: number;
  /** In column B; empty where the vendor writes none. */
  readonly label: string;
  readonly text: (row: CurveObservation) => string | null;
  /** Left out where no column has a text. */
  readonly optional?: boolean;
}

export interface WrittenLayout {
  readonly sheets: readonly WrittenSheet[];
  /** A blank header repeats the one to its left, so columns with blanks must stand left of those without. */
  readonly carry: boolean;
}

const always = () => true;
const isMonth = (row: CurveObservation) => row.tenor_type === 'MONTHLY';
const isStrip = (row: CurveObservation) => !isMonth(row);
const isSpark = (row: CurveObservation) => row.spark_location !== null;
const header = (
  row: number,
  label: string,
  text: (row: CurveObservation) => string | null,
  optional = false,
): WrittenHeader => ({ row, label, text, ...(optional ? { optional } : {}) });

function fourSheets(
  strips: string,
  headers: readonly WrittenHeader[],
  holds: (row: CurveObservation) => boolean = always,
): readonly WrittenSheet[] {
  const sheet = (
    name: string,
    side: 'mid' | 'bid_ask',
    tenors: (row: CurveObservation) => boolean,
  ): WrittenSheet => ({ name, side, holds, tenors, headers });
  return [
    sheet('Fixed Prices - Mid', 'mid', isMonth),
    sheet(`${strips} - Mid`, 'mid', isStrip),
    sheet('Fixed Prices - BidAsk', 'bid_ask', isMonth),
    sheet(`${strips} - BidAsk`, 'bid_ask', isStrip),
  ];
}

const units = header(11, 'Units', ({ units_raw }) => units_raw, true);

const RP: WrittenLayout = {
  carry: false,
  sheets: fourSheets('Seasonal Blocks', [
    header(6, '', ({ region }) => region),
    header(7, 'Location', ({ location }) => location),
    header(8, 'Product', ({ product }) => product),
    units,
  ]),
};

/** Row 8 tells gas from power. */
function peakOf({ asset_class, block }: CurveObservation): string | null {
  if (asset_class === 'gas') return 'NA';
  return asset_class === 'carbon' ? 'EMISSIONS' : block;
}

const EUGP_HEADERS = [
  header(6, 'Location', ({ region }) => region),
  header(7, 'Product', ({ location }) => location),
  header(8, 'PEAK', peakOf),
];

const EUGP: WrittenLayout = {
  carry: false,
  sheets: [
    ...fourSheets('Strips', [...EUGP_HEADERS, units], (row) => !isSpark(row)),
    {
      name: 'Spark Spread',
      side: 'mid',
      holds: isSpark,
      tenors: always,
      headers: [
        header(5, '', (row) => `${row.region}>${row.location}>${peakOf(row)}`),
        ...EUGP_HEADERS,
        header(9, 'Spark Location', ({ spark_location }) => spark_location),
        units,
      ],
    },
  ],
};

const PW: WrittenLayout = {
  carry: true,
  sheets: fourSheets('Strips', [
    header(2, 'Location:', placeOf, true),
    header(3, 'Region:', ({ region }) => region, true),
    header(4, 'Product:', productOf, true),
    header(6, 'ISO:', ({ iso }) => iso),
    header(7, 'Market:', ({ market }) => market),
    header(8, 'Hours:', ({ block }) => block),
    header(9, 'Spark Location:', ({ spark_location }) => spark_location, true),
    // The unit row may name the side instead, which is how a column without a unit keeps its neighbour's off.
    header(11, 'Units:', ({ units_raw }) => units_raw ?? 'Mid'),
  ]),
};

/** Where it is not the market, which stands for it. */
function placeOf({ location, market }: CurveObservation): string | null {
  return location === market ? null : location;
}

/** Where it does not follow from the other headers. */
function productOf({ product, asset_class, spark_location }: CurveObservation): string | null {
  return product === (spark_location === null ? asset_class : 'spark_spread') ? null : product;
}

export const WRITTEN_LAYOUTS: Readonly<Record<string, WrittenLayout>> = { pw: PW, eugp: EUGP, rp: RP };
