/** What may be wrong with a workbook's rows, one thing each, and exactly what the gate must say about it. */
import type { GateInput } from '#lib/domain/gate.ts';
import type { TenorType } from '#schemas/curve-observation.ts';
import { type Draft, gateInput } from './good-table.ts';

/** A failed critical expectation: type without `expect_`, columns, and the cells at fault (none for a whole table). */
export interface Fault {
  readonly expectation: string;
  readonly columns: string;
  readonly cells: readonly string[];
}
export interface Mutation {
  readonly name: string;
  readonly input: GateInput;
  readonly faults: readonly Fault[];
}

const fault = (expectation: string, columns: string, ...cells: string[]): Fault => ({
  expectation,
  columns,
  cells,
});
const between = (column: string, ...cells: string[]) =>
  fault('column_values_to_be_between', column, ...cells);
const regex = (column: string, ...cells: string[]) => fault('column_values_to_match_regex', column, ...cells);
const notNull = (column: string, ...cells: string[]) =>
  fault('column_values_to_not_be_null', column, ...cells);
const inSet = (column: string, ...cells: string[]) => fault('column_values_to_be_in_set', column, ...cells);
const equal = (columns: string, ...cells: string[]) =>
  fault('column_pair_values_to_be_equal', columns, ...cells);
const unique = (...cells: string[]) =>
  fault('compound_columns_to_be_unique', 'asof_date,curve_key,tenor_type,contract_month', ...cells);
const rowCount = fault('table_row_count_to_equal', '');
const crossed = (...cells: string[]) =>
  fault('column_pair_values_a_to_be_greater_than_b', 'ask,bid', ...cells);

/** The row of a curve by its column letter's number and its sheet's row: `E14` of `Fixed Prices` is (5, 14). */
function at(rows: Draft[], sheet: string, row: number, column: number): Draft {
  return rows.find(({ cell }) => cell.sheet === sheet && cell.row === row && cell.column === column)!;
}
const FIXED = 'Fixed Prices - Mid';
const STRIPS = 'Strips - Mid';
const SPARK = 'Spark Spread - Mid';
/** Columns of the good table: C TTF, D NBP, E German base, H carbon, I the differential, J fuel, K renewable. */
const NBP = 4;
const GERMAN_BASE = 5;
const CARBON = 8;
const DIFFERENTIAL = 9;
const FUEL = 10;
const RENEWABLE = 11;

function change(
  name: string,
  sheet: string,
  row: number,
  column: number,
  to: (row: Draft) => void,
  ...faults: Fault[]
): Mutation {
  return { name, input: gateInput((rows) => void to(at(rows, sheet, row, column))), faults };
}
function reshape(name: string, to: (rows: Draft[]) => Draft[], ...faults: Fault[]): Mutation {
  return { name, input: gateInput(to), faults };
}

/** Moves mid, value, bid and ask together: right in themselves. */
function reprice(row: Draft, price: number): void {
  const move = price - row.mid;
  row.value = price;
  row.mid = price;
  row.bid += move;
  row.ask += move;
}
function identity(row: Draft, change: Record<string, string | null>): void {
  row.series = { ...row.series, ...change };
}
const without = (rows: Draft[], gone: Draft) => rows.filter((row) => row !== gone);

/** Months beyond every quoted strip, so that a moved price leaves the strips alone. */
const FAR = 30;

export const MUTATIONS: readonly Mutation[] = [
  change(
    'bid above ask',
    FIXED,
    20,
    GERMAN_BASE,
    (row) => {
      [row.bid, row.ask] = [row.ask, row.bid];
    },
    crossed('Fixed Prices - BidAsk!E20'),
  ),
  change(
    'mid off by 0.01',
    FIXED,
    FAR,
    CARBON,
    (row) => {
      row.mid += 0.01;
      row.value = row.mid;
    },
    between('mid_deviation', 'Fixed Prices - Mid!H30'),
  ),
  change(
    'mid off by 0.0006',
    FIXED,
    FAR,
    CARBON,
    (row) => {
      row.mid = (row.bid + row.ask) / 2 + 0.0006;
      row.value = row.mid;
    },
    between('mid_deviation', 'Fixed Prices - Mid!H30'),
  ),
  change(
    'strip and its sides moved',
    STRIPS,
    13,
    GERMAN_BASE,
    (row) => reprice(row, row.mid + 0.002),
    between('strip_deviation', 'Strips - Mid!E13'),
  ),
  change(
    'a running strip averaged over past months too',
    STRIPS,
    14,
    NBP,
    (row) => reprice(row, row.mid * 1.05),
    between('strip_deviation', 'Strips - Mid!D14'),
  ),
  change(
    'one month moved under its strips',
    FIXED,
    17,
    CARBON,
    (row) => reprice(row, row.mid + 1),
    between('strip_deviation', 'Strips - Mid!H13', 'Strips - Mid!H16', 'Strips - Mid!H17'),
  ),
  change(
    'value is not the mid',
    FIXED,
    FAR,
    FUEL,
    (row) => {
      row.value += 0.5;
    },
    equal('value,mid', 'Fixed Prices - Mid!J30'),
  ),
  change(
    'spark off by a cent',
    SPARK,
    FAR,
    3,
    (row) => {
      row.mid += 0.01;
      row.value = row.mid;
    },
    between('spark_deviation', 'Spark Spread - Mid!C30'),
  ),
  change(
    'spark of pence taken for pounds',
    SPARK,
    FAR,
    5,
    (row) => {
      row.mid -= 30;
      row.value = row.mid;
    },
    between('spark_deviation', 'Spark Spread - Mid!E30'),
  ),
  change(
    'gas leg moved under its sparks',
    FIXED,
    FAR,
    3,
    (row) => reprice(row, row.mid + 0.001),
    between('spark_deviation', 'Spark Spread - Mid!C30', 'Spark Spread - Mid!D30'),
  ),
  change(
    'carbon below nothing',
    FIXED,
    FAR,
    CARBON,
    (row) => reprice(row, -0.5),
    between('value', 'Fixed Prices - Mid!H30'),
  ),
  change(
    'renewable a thousand times too dear',
    FIXED,
    FAR,
    RENEWABLE,
    (row) => reprice(row, row.mid * 1000),
    between('value', 'Fixed Prices - Mid!K30'),
  ),
  change(
    'outright fuel with the sign of a differential',
    FIXED,
    FAR,
    FUEL,
    (row) => reprice(row, -row.mid),
    between('value', 'Fixed Prices - Mid!J30'),
  ),
  change(
    'differential out of every range',
    FIXED,
    FAR,
    DIFFERENTIAL,
    (row) => reprice(row, -20_000),
    between('value', 'Fixed Prices - Mid!I30'),
  ),
  change(
    'infinite power price',
    FIXED,
    FAR,
    7,
    (row) => {
      row.value = Number.POSITIVE_INFINITY;
      row.mid = Number.NaN;
    },
    between('value', 'Fixed Prices - Mid!G30'),
    between('spark_deviation', 'Spark Spread - Mid!E30'),
  ),
  change(
    'price lost: NaN',
    FIXED,
    FAR,
    FUEL,
    (row) => {
      row.value = Number.NaN;
    },
    notNull('value', 'Fixed Prices - Mid!J30'),
  ),
  reshape(
    'a month missing',
    (rows) => without(rows, at(rows, FIXED, FAR, FUEL)),
    rowCount,
    between('months_since_previous', 'Fixed Prices - Mid!J31'),
  ),
  reshape('last month lost', (rows) => without(rows, at(rows, FIXED, 39, FUEL)), rowCount),
  reshape('a strip lost', (rows) => without(rows, at(rows, STRIPS, 12, FUEL)), rowCount),
  reshape(
    'first three months missing',
    (rows) =>
      rows.filter(({ cell }) => !(cell.sheet === FIXED && cell.column === RENEWABLE && cell.row < 15)),
    rowCount,
    between('months_after_asof', 'Fixed Prices - Mid!K15'),
  ),
  reshape(
    'a row twice',
    (rows) => [...rows, at(rows, FIXED, FAR, FUEL)],
    rowCount,
    unique('Fixed Prices - Mid!J30', 'Fixed Prices - Mid!J30'),
  ),
  reshape('no rows at all', () => [], fault('table_row_count_to_be_between', ''), rowCount),
  change(
    'two cells for one point',
    FIXED,
    39,
    FUEL,
    (row) => {
      row.contract_month = '2027-11-01';
      row.tenor_label = '2027-11';
    },
    unique('Fixed Prices - Mid!J38', 'Fixed Prices - Mid!J39'),
  ),
  change(
    'a month taken for a calendar',
    FIXED,
    39,
    FUEL,
    (row) => {
      row.tenor_type = 'CALENDAR';
    },
    fault('column_values_to_not_match_regex', 'tenor_label', 'Fixed Prices - Mid!J39'),
  ),
  change(
    'a quarter taken for a month',
    STRIPS,
    17,
    FUEL,
    (row) => {
      row.tenor_type = 'MONTHLY';
    },
    unique('Fixed Prices - Mid!J16', 'Strips - Mid!J17'),
    equal('tenor_label,month_label', 'Strips - Mid!J17'),
  ),
  change(
    'a tenor type nobody knows',
    STRIPS,
    12,
    FUEL,
    (row) => {
      row.tenor_type = 'WEEK' as TenorType;
    },
    inSet('tenor_type', 'Strips - Mid!J12'),
  ),
  change(
    'contract month in the middle of a month',
    STRIPS,
    13,
    FUEL,
    (row) => {
      row.contract_month = '2026-01-15';
    },
    regex('contract_month', 'Strips - Mid!J13'),
  ),
  change(
    'key missing',
    STRIPS,
    13,
    FUEL,
    (row) => identity(row, { curve_key: null }),
    notNull('curve_key', 'Strips - Mid!J13'),
  ),
  change(
    'key cut short',
    STRIPS,
    13,
    FUEL,
    (row) => identity(row, { curve_key: row.series.curve_key.slice(1) }),
    regex('curve_key', 'Strips - Mid!J13'),
    equal('curve_key,identity_key', 'Strips - Mid!J13'),
  ),
  change(
    'key of another curve',
    STRIPS,
    14,
    FUEL,
    (row) => identity(row, { location: 'Antwerp' }),
    equal('curve_key,identity_key', 'Strips - Mid!J14'),
  ),
  change(
    'version hash is none',
    FIXED,
    FAR,
    FUEL,
    (row) => {
      row.version_hash = 'latest';
    },
    regex('version_hash', 'Fixed Prices - Mid!J30'),
  ),
  change(
    'asset class nobody knows',
    FIXED,
    39,
    RENEWABLE,
    (row) => identity(row, { asset_class: 'water' }),
    inSet('asset_class', 'Fixed Prices - Mid!K39'),
    equal('curve_key,identity_key', 'Fixed Prices - Mid!K39'),
  ),
  change(
    'currency in words',
    FIXED,
    FAR,
    FUEL,
    (row) => identity(row, { currency: 'dollars' }),
    regex('currency', 'Fixed Prices - Mid!J30'),
  ),
  change(
    'cell unknown',
    FIXED,
    FAR,
    FUEL,
    (row) => {
      row.cell = { ...row.cell, row: 0, column: 0 };
    },
    regex('source_cell', 'Fixed Prices - Mid!0'),
  ),
  change(
    'a unit that is a number',
    STRIPS,
    13,
    FUEL,
    (row) => {
      row.series = { ...row.series, units_raw: 87 as unknown as string };
    },
    fault('column_values_to_be_of_type', 'units_raw', 'Strips - Mid!J13'),
  ),
];
