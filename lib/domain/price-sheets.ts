/**
 * From a workbook and a layout to rows, failures and the account of every cell. Mid and bid/ask meet by curve and tenor,
 * never by column letter.
 */
import { closeAccount, ignoreRest, openAccount, pricedCells } from './coverage.ts';
import { type CurveTable, type Series, versionHash } from './curve.ts';
import { type CurvePoints, MID } from './curve-points.ts';
import { refusal } from './errors.ts';
import { readPoints } from './price-cells.ts';
import {
  absentSheetNotes,
  matchedSheets,
  type PriceLayout,
  requireSheets,
  unknownLabelNotes,
} from './price-layout.ts';
import { openSeriesBook } from './series.ts';
import { cellName, type Workbook } from './sheet.ts';
import { bindColumns, planSheet, type Reading, refuseAmbiguousCurves } from './sheet-plan.ts';
import type { ParseContext, ParsedWorkbook } from './vendor.ts';

/** @throws AurumError (refused) when the workbook as a whole cannot be read. */
export function parsePriceSheets(
  workbook: Workbook,
  context: ParseContext,
  layout: PriceLayout,
): ParsedWorkbook {
  const matched = matchedSheets(workbook, layout);
  requireSheets(matched, layout, context);
  const reading: Reading = {
    context,
    layout,
    series: openSeriesBook(),
    tenors: [],
    tenorCodes: new Map(),
    failures: [],
    notes: new Set([...absentSheetNotes(matched, layout), ...matched.flatMap(unknownLabelNotes)]),
    plans: [],
  };
  reading.plans = matched.map((sheet, code) => planSheet(reading, sheet, code));
  for (const plan of reading.plans) bindColumns(reading, plan);
  refuseAmbiguousCurves(reading);
  const points = readPoints(reading);
  return outcome(workbook, reading, points);
}

function outcome(workbook: Workbook, reading: Reading, points: CurvePoints): ParsedWorkbook {
  const { context, plans, failures } = reading;
  const { source_file, asof_date, workbook_sha256 } = context;
  if (points.length === 0 && failures.length === 0) {
    throw refusal('no_prices', 'the workbook holds no price', {
      file: source_file,
      remedy: 'Ask the vendor for the workbook with its prices.',
    });
  }
  const sheets = plans
    .filter(({ rule }) => rule.side !== 'copy')
    .map(({ sheet }) => ({
      sheet_name: sheet.name,
      version_hash: versionHash(source_file, sheet.name, asof_date, workbook_sha256),
    }));
  const series = reading.series.entries;
  const table = points.table({ asof_date, source_file }, { series, tenors: reading.tenors, sheets });
  const coverage = workbook.sheets.map((sheet) => {
    const plan = plans.find((candidate) => candidate.sheet === sheet);
    if (plan !== undefined) return closeAccount(plan.cells);
    const prices = pricedCells(sheet);
    if (prices > 0) {
      reading.notes.add(
        `sheet ${sheet.name} is not part of the layout; its ${prices} priced cells were not read`,
      );
    }
    const cells = openAccount(sheet);
    ignoreRest(cells, 'sheet is not part of the layout');
    return closeAccount(cells);
  });
  const notes = [...reading.notes, ...filledMidNotes(table), ...unitNotes(table.series)];
  return { table, failures, coverage, notes };
}

/** Points with bid and ask but no mid of their own: theirs is the mean of the two, and in no cell. */
function filledMidNotes(table: CurveTable): string[] {
  let filled = 0;
  let first = '';
  for (let row = 0; row < table.length; row++) {
    const isFilled =
      table.priceType[row] === MID &&
      table.cellRow[row] === table.bidAskRow[row] &&
      table.cellColumn[row] === table.bidAskColumn[row] &&
      table.sheetCode[row] === table.bidAskSheetCode[row];
    if (!isFilled) continue;
    if (filled++ > 0) continue;
    const { sheet_name } = table.sheets[table.sheetCode[row]!]!;
    first = `${sheet_name}!${cellName(table.cellRow[row]!, table.cellColumn[row]!)}`;
  }
  if (filled === 0) return [];
  const points = filled === 1 ? '1 point has' : `${filled} points have`;
  return [`${points} no mid: it is the mean of bid and ask, first ${first}`];
}

function unitNotes(series: readonly Series[]): string[] {
  const unknown = series.filter(({ currency }) => currency === null).length;
  return unknown === 0
    ? []
    : [`units unknown for ${unknown} of ${series.length} curves: currency and per_unit stay empty`];
}
