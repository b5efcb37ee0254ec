/** Small workbooks of each vendor's layout, made-up prices, one part replaceable by each test. */
import { rowsOf } from '#lib/domain/curve.ts';
import type { Workbook } from '#lib/domain/sheet.ts';
import type { ParsedWorkbook, VendorAdapter } from '#lib/domain/vendor.ts';
import { CELL_ROLE_NAMES } from '#lib/domain/vendor.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import {
  type CellValue,
  day,
  type FrameOptions,
  framedSheet,
  workbookOf,
} from '#tests/fixtures/sheet-builder.ts';

export const ASOF = '2025-09-12';
export type Headers = FrameOptions['headers'];
export type Rows = FrameOptions['rows'];

export const SEP = day('2025-09-01');
export const OCT = day('2025-10-01');
const MID = 'Mid';
const BID_ASK = 'Bid   /   Ask';

export interface EugpParts {
  readonly headers?: Headers;
  readonly mid?: Rows;
  readonly strips?: Rows;
  readonly bidAsk?: Rows;
  readonly stripsBidAsk?: Rows;
}

export const EUGP_HEADERS: Headers = [
  ['Location', 'EU', 'EU', 'UK', 'EU'],
  ['Product', 'Belgium', 'Belgium', 'NBP', 'EUA'],
  ['PEAK', 'NA', 'BASE', 'NA', 'EMISSIONS'],
];

/** Two months, two strips, four columns; one spark column. */
export function eugpBook({ headers = EUGP_HEADERS, ...parts }: EugpParts = {}): Workbook {
  const {
    mid = [
      [SEP, 30.5, 70.25, 81, 72.125],
      [OCT, 31.5, 71.25, 82, 73.125],
    ],
    strips = [
      ['Calendar 2026', 32, 72, 83, 74],
      [null, '', '', '', ''],
      ['Winter 2026', 33, 73, 84, 75],
    ],
    bidAsk = [
      [SEP, '30.4   /   30.6', '70.15   /   70.35', '80.9   /   81.1', '72.025   /   72.225'],
      [OCT, '31.4   /   31.6', '71.15   /   71.35', '81.9   /   82.1', '73.025   /   73.225'],
    ],
    stripsBidAsk = [
      ['Calendar 2026', '31.9   /   32.1', '71.9   /   72.1', '82.9   /   83.1', '73.9   /   74.1'],
    ],
  } = parts;
  return workbookOf(
    framedSheet('Fixed Prices - Mid', { headers, side: MID, rows: mid }),
    framedSheet('Strips - Mid', { headers, side: MID, rows: strips }),
    framedSheet('Fixed Prices - BidAsk', { headers, side: BID_ASK, rows: bidAsk }),
    framedSheet('Strips - BidAsk', { headers, side: BID_ASK, rows: stripsBidAsk }),
    framedSheet('Spark Spread', {
      headers: [
        ['Location', 'UK'],
        ['Product', 'Great_Britian'],
        ['PEAK', 'Peak'],
        ['Spark Location', 'NBP'],
      ],
      side: MID,
      rows: [
        [SEP, 12.5],
        [OCT, 13.5],
      ],
    }),
  );
}

export interface RpParts {
  readonly headers?: Headers;
  readonly mid?: Rows;
  readonly bidAsk?: Rows;
  readonly copy?: Rows;
}

export const RP_HEADERS: Headers = [
  [null, 'US', 'US', 'EU'],
  ['Location', 'PJM', 'Gulf Coast', 'Rotterdam'],
  ['Product', 'PJM Tri Qualified Renewable Energy Certificate Class I', 'ULSD', 'Fuel-Oil 1% FOB Barge '],
];

/** Two months and a strip of three columns; one regional copy, of the last two columns in other order. */
export function rpBook({ headers = RP_HEADERS, ...parts }: RpParts = {}): Workbook {
  const {
    mid = [
      [SEP, 35, 2.25, 0],
      [OCT, 36, 2.5, -1.5],
    ],
    bidAsk = [
      [SEP, '34.9   /   35.1', '2.2   /   2.3', '-0.1   /   0.1'],
      [OCT, '35.9   /   36.1', '2.45   /   2.55', '-1.6   /   -1.4'],
    ],
    copy = [
      [SEP, 0, 2.25],
      [OCT, -1.5, 2.5],
    ],
  } = parts;
  const strips = (value: (column: number) => CellValue): Rows => [
    ['Summer 2026', ...(headers[0] ?? []).slice(1).map((_, column) => value(column))],
  ];
  return workbookOf(
    framedSheet('Fixed Prices - Mid', { headers, side: MID, rows: mid }),
    framedSheet('Seasonal Blocks - Mid', {
      headers,
      side: MID,
      rows: strips((column) => 10 + Math.min(column, 2)),
    }),
    framedSheet('Fixed Prices - BidAsk', { headers, side: BID_ASK, rows: bidAsk }),
    framedSheet('Seasonal Blocks - BidAsk', { headers, side: BID_ASK, rows: strips(() => '') }),
    framedSheet('Europe', {
      headers: [
        [null],
        ['Location', 'Rotterdam', 'Gulf Coast'],
        ['Product', 'Fuel-Oil 1% FOB Barge', 'ULSD'],
      ],
      side: MID,
      rows: copy,
    }),
  );
}

export function parseWith(adapter: VendorAdapter, workbook: Workbook): ParsedWorkbook {
  return adapter.parse(workbook, {
    source_file: `EOD_${adapter.vendor.toUpperCase()}_20250912_1430.xlsx`,
    asof_date: ASOF,
    workbook_sha256: 'a'.repeat(64),
  });
}

export function rows(parsed: ParsedWorkbook): CurveObservation[] {
  return [...rowsOf(parsed.table, '2025-09-12T22:00:00.000Z')];
}

/** Row whose mid (or only side) stands in the cell. */
export function rowOf(parsed: ParsedWorkbook, source_cell: string): CurveObservation | undefined {
  return rows(parsed).find((row) => row.source_cell === source_cell);
}

export const failed = (parsed: ParsedWorkbook): string[] =>
  parsed.failures.map(({ sheet, cell, code }) => `${sheet}!${cell} ${code}`).sort();

/** Cells of a sheet by what they were taken for. */
export function roleCounts(parsed: ParsedWorkbook, sheet: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const role of parsed.coverage.find((one) => one.sheet === sheet)!.roles) {
    const name = CELL_ROLE_NAMES[role]!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
