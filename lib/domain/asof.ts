/**
 * The market day of a workbook: from its cells, its file name and what the caller states, which must all agree.
 * A date that can be read in two ways counts only for the reading the others confirm.
 */
import { type ErrorPlace, refusal } from './errors.ts';
import { CellKind, cellAddress, dateOfSerial, type Sheet, type Workbook } from './sheet.ts';
import { monthNumber } from './tenor.ts';

const ROWS_SEARCHED = 12;
const MAX_TEXT_LENGTH = 64;
const FILE_NAME = /^EOD_[a-z0-9]+_(\d{4})(\d{2})(\d{2})_\d{4}\.xlsx$/i;
/** Label of the date to its right: `Date:`, `As of`, `As-of Date:`. */
const LABEL = /^(?:date|as[ -]?of(?: date)?):?$/i;
const LEAD = '^(?:(?:date|as[ -]?of(?: date)?):? *)?';
const HAS_LEAD = /^(?:date|as)/i;
const YEAR_FIRST = new RegExp(`${LEAD}(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})$`, 'i');
const YEAR_LAST = new RegExp(`${LEAD}(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4})$`, 'i');
const DAY_NAME = new RegExp(`${LEAD}(\\d{1,2})[ -]([a-z]{3,9})[ ,-]+(\\d{4})$`, 'i');
const NAME_DAY = new RegExp(`${LEAD}([a-z]{3,9}) (\\d{1,2}),? (\\d{4})$`, 'i');

/** One statement of the as-of day; more than one reading where the order of day and month is open. */
export interface AsofStatement {
  readonly source: string;
  readonly readings: readonly string[];
  /** Whether a label beside or before the date says what it is. */
  readonly labelled: boolean;
}

export interface ResolvedAsof {
  readonly asof_date: string;
  readonly notes: readonly string[];
}

function realDate(year: number, month: number, day: number): string | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year >= 1900;
  return real ? date.toISOString().slice(0, 10) : undefined;
}

/** All dates the text can mean: none when it is no date, two for `09/12/2025`. */
export function datesOfText(text: string): string[] {
  const plain = text.length > MAX_TEXT_LENGTH ? '' : text.replace(/\s+/g, ' ').trim();
  const readings: (string | undefined)[] = [];
  let found = YEAR_FIRST.exec(plain);
  if (found) readings.push(realDate(Number(found[1]), Number(found[2]), Number(found[3])));
  found = YEAR_LAST.exec(plain);
  if (found) {
    readings.push(realDate(Number(found[3]), Number(found[1]), Number(found[2])));
    readings.push(realDate(Number(found[3]), Number(found[2]), Number(found[1])));
  }
  found = DAY_NAME.exec(plain);
  if (found) readings.push(realDate(Number(found[3]), monthNumber(found[2]!), Number(found[1])));
  found = NAME_DAY.exec(plain);
  if (found) readings.push(realDate(Number(found[3]), monthNumber(found[1]!), Number(found[2])));
  return [...new Set(readings.filter((date) => date !== undefined))];
}

/** As-of of `EOD_RP_20250912_1430.xlsx`; undefined for any other name. */
export function asofOfFileName(source_file: string): string | undefined {
  const found = FILE_NAME.exec(source_file);
  return found === null ? undefined : realDate(Number(found[1]), Number(found[2]), Number(found[3]));
}

/**
 * What the first twelve rows of the sheets state: the date cell beside `Date:`, or a text that is a date. A text without
 * a label counts only where no sheet has a labelled date: it may be anything, the day of a revision say.
 */
function asofStatements(workbook: Workbook): AsofStatement[] {
  const all = workbook.sheets.flatMap(statementsOfSheet);
  const labelled = all.filter((statement) => statement.labelled);
  return labelled.length > 0 ? labelled : all;
}

function statementsOfSheet(sheet: Sheet): AsofStatement[] {
  const statements: AsofStatement[] = [];
  for (let row = 1; row <= Math.min(ROWS_SEARCHED, sheet.rowCount); row++) {
    let labelled = false;
    for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
      const source = cellAddress(sheet.name, row, sheet.columns[index]!);
      const number = sheet.numbers[index]!;
      if (sheet.kinds[index] === CellKind.text) {
        const text = sheet.texts[number]!.trim();
        const readings = datesOfText(text);
        if (readings.length > 0)
          statements.push({ source, readings, labelled: labelled || HAS_LEAD.test(text) });
        labelled = text.length <= MAX_TEXT_LENGTH && LABEL.test(text);
      } else if (labelled && sheet.kinds[index] === CellKind.date) {
        const date = dateOfSerial(number);
        if (date !== undefined) statements.push({ source, readings: [date], labelled });
        labelled = false;
      }
    }
  }
  return statements;
}

/**
 * @throws AurumError (refused): `asof_missing` when nothing states a day, `asof_mismatch` when two statements differ,
 *   `asof_ambiguous` when only dates such as 09/12/2025 state one.
 */
export function resolveAsof(workbook: Workbook, source_file: string, expected_asof?: string): ResolvedAsof {
  const inCells = asofStatements(workbook);
  const named = asofOfFileName(source_file);
  const outside: AsofStatement[] = [
    ...(named === undefined ? [] : [{ source: 'the file name', readings: [named], labelled: true }]),
    ...(expected_asof === undefined
      ? []
      : [{ source: 'the path or caller', readings: [expected_asof], labelled: true }]),
  ];
  const all = [...inCells, ...outside];
  const place: ErrorPlace = { file: source_file };
  if (all.length === 0) {
    throw refusal('asof_missing', 'no as-of date in the cells, the file name or the path', {
      ...place,
      remedy:
        'Write it beside `Date:` in row 5, name the file EOD_X_YYYYMMDD_HHMM.xlsx, or state the as-of date.',
    });
  }
  const common = all[0]!.readings.filter((date) => all.every(({ readings }) => readings.includes(date)));
  if (common.length === 1) return { asof_date: common[0]!, notes: notesOn(inCells, common[0]!) };
  const stated = statedDates(all);
  if (common.length > 1) {
    throw refusal('asof_ambiguous', `the as-of date can be read in two ways: ${stated}`, {
      ...place,
      remedy: 'State the as-of date, or write it as YYYY-MM-DD.',
    });
  }
  throw refusal('asof_mismatch', `as-of dates differ: ${stated}`, {
    ...place,
    remedy: 'Put the file under its own as-of date, or correct the date in the workbook or in its name.',
  });
}

/** `2025-09-12 in RP!B5 and the file name, 2025-09-11 in the path or caller`; of many sheets that agree, the first. */
function statedDates(statements: readonly AsofStatement[]): string {
  const sources = Map.groupBy(statements, ({ readings }) => readings.join(' or '));
  return [...sources]
    .map(([dates, group]) => {
      const cells = group.filter(({ source }) => source.includes('!')).map(({ source }) => source);
      const others = group.filter(({ source }) => !source.includes('!')).map(({ source }) => source);
      const more = cells.length > 1 ? [`${cells.length - 1} more cells`] : [];
      return `${dates} in ${[...cells.slice(0, 1), ...more, ...others].join(' and ')}`;
    })
    .join(', ');
}

function notesOn(inCells: readonly AsofStatement[], asof_date: string): string[] {
  return inCells.length > 0
    ? []
    : [`no as-of date in the workbook's cells; ${asof_date} is taken from the file name or path`];
}
