/**
 * The cells of one worksheet part: by the scanner when the part looks as Excel writes it, else by the strict reader.
 * Knows how the two divide a part between them.
 */
import type { Sheet } from '#lib/domain/sheet.ts';
import { Cells, type SharedState } from './cells.ts';
import type { SheetPart } from './package.ts';
import { parseRows } from './rows.ts';
import { type CellContext, scanRows } from './scan.ts';
import { plainHead } from './strict.ts';

export interface SheetSource {
  readonly listed: SheetPart;
  readonly bytes: Buffer;
  readonly shared: SharedState;
  readonly context: CellContext;
}

/** A cell takes 35 to 60 bytes as Excel writes it. */
const BYTES_PER_CELL = 35;
const MARK = '<sheetData>';

/** The sheet by the scanner; undefined when its part is not in plain form, which says nothing against the part. */
export function scanSheet(source: SheetSource): Sheet | undefined {
  const { listed, bytes, shared, context } = source;
  const head = plainHead(bytes, MARK);
  if (head === undefined) return undefined;
  const start = head.length + MARK.length;
  const cells = new Cells(listed.name, shared, Math.ceil(bytes.length / BYTES_PER_CELL));
  const scanned = scanRows(bytes, start, cells, context);
  if (scanned === undefined) return undefined;
  // What surrounds the rows goes through the strict reader, with an empty list of rows in their place.
  const frame = parseRows(source, [bytes.subarray(0, start), bytes.subarray(scanned.end)]);
  const isPlain = !frame.isPrefixed && frame.rows === 0 && (!scanned.usesX14ac || frame.bindsX14ac);
  return isPlain ? cells.sheet(listed.visibility) : undefined;
}

/** The sheet by the strict reader. */
export function parseSheet(source: SheetSource): Sheet {
  return parseRows(source, [source.bytes]).cells.sheet(source.listed.visibility);
}
