/**
 * The account of a sheet's cells: what each was taken for. A sheet is closed only with every cell counted, so a price that
 * nobody read shows as a number above zero.
 */
import { isNoQuote, priceOfText, splitBidAsk } from './bid-ask.ts';
import { CellKind, type Sheet } from './sheet.ts';
import { CellRole, type CellRoleCode, type SheetCoverage } from './vendor.ts';

export interface CellAccount {
  readonly sheet: Sheet;
  readonly roles: Uint8Array;
  readonly ignored: Record<string, number>;
}

export function openAccount(sheet: Sheet): CellAccount {
  return { sheet, roles: new Uint8Array(sheet.cellCount), ignored: {} };
}

export function account(open: CellAccount, index: number, role: CellRoleCode): void {
  open.roles[index] = role;
}

export function ignore(open: CellAccount, index: number, reason: string): void {
  open.roles[index] = CellRole.ignored;
  open.ignored[reason] = (open.ignored[reason] ?? 0) + 1;
}

/** Ignores every cell that has no role yet. */
export function ignoreRest(open: CellAccount, reason: string): void {
  for (let index = 0; index < open.roles.length; index++) {
    if (open.roles[index] === 0) ignore(open, index, reason);
  }
}

/** A text of blanks is a cell without content. */
export function isBlank(sheet: Sheet, index: number): boolean {
  return sheet.kinds[index] === CellKind.text && sheet.texts[sheet.numbers[index]!]!.trim() === '';
}

/** Whether the cell holds what could be a price: a number, a formula nobody computed, a text that reads as price or bid/ask. */
export function looksPriced(sheet: Sheet, index: number): boolean {
  const kind = sheet.kinds[index];
  if (kind === CellKind.number || kind === CellKind.formula) return true;
  if (kind !== CellKind.text) return false;
  const text = sheet.texts[sheet.numbers[index]!]!;
  if (isNoQuote(text)) return false;
  return priceOfText(text) !== undefined || splitBidAsk(text).outcome !== 'failure';
}

export function pricedCells(sheet: Sheet): number {
  let count = 0;
  for (let index = 0; index < sheet.cellCount; index++) if (looksPriced(sheet, index)) count++;
  return count;
}

export function closeAccount(open: CellAccount): SheetCoverage {
  let unaccounted_prices = 0;
  for (let index = 0; index < open.roles.length; index++) {
    if (open.roles[index] === 0 && looksPriced(open.sheet, index)) unaccounted_prices++;
  }
  return { sheet: open.sheet.name, roles: open.roles, ignored: open.ignored, unaccounted_prices };
}
