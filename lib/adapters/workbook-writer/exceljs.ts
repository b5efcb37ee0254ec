/**
 * Writes xlsx with exceljs: shared strings, no formulas, dates as styled serials as the vendors write them. Whole in
 * memory: its stream writer is twice as fast but leaves zip entries without sizes, which strict readers refuse.
 */
import ExcelJS from 'exceljs';
import type { CellStyle, SheetModel } from '#lib/domain/sheet-model.ts';
import type { WorkbookWriter, WriteOptions } from '#lib/ports/workbook-writer.ts';

/** `mm-dd-yy` and `mmm-yy` are the built-in formats 14 and 17. */
const STYLES: Readonly<Record<CellStyle, Partial<ExcelJS.Style>>> = {
  date: { numFmt: 'mm-dd-yy' },
  month: { numFmt: 'mmm-yy' },
  price: { numFmt: '0.000', alignment: { horizontal: 'right' } },
  text: {},
  header: { font: { bold: true } },
};
const TENOR_COLUMN_WIDTH = 15;
const PRICE_COLUMN_WIDTH = 22;

export function exceljsWorkbookWriter(): WorkbookWriter {
  return { write };
}

async function write(sheets: readonly SheetModel[], options: WriteOptions): Promise<Uint8Array> {
  const workbook = new ExcelJS.Workbook();
  const created = new Date(options.created_at);
  workbook.creator = 'Aurum';
  workbook.lastModifiedBy = 'Aurum';
  workbook.created = created;
  workbook.modified = created;
  for (const sheet of sheets) addSheet(workbook, sheet);
  // @types say Buffer of an older Node; it is the bytes.
  const bytes = new Uint8Array((await workbook.xlsx.writeBuffer()) as unknown as ArrayBuffer);
  stampEntries(bytes, created);
  return bytes;
}

function addSheet(workbook: ExcelJS.Workbook, model: SheetModel): void {
  const sheet = workbook.addWorksheet(model.name, {
    views: [{ state: 'frozen', xSplit: model.frozen.columns, ySplit: model.frozen.rows }],
    properties: { defaultColWidth: PRICE_COLUMN_WIDTH },
  });
  sheet.getColumn(2).width = TENOR_COLUMN_WIDTH;
  for (const { row, cells } of model.rows) {
    const written = sheet.getRow(row);
    for (const cell of cells) {
      const target = written.getCell(cell.column);
      target.value = cell.value;
      target.style = STYLES[cell.style];
    }
  }
}

const END_RECORD = 0x06054b50;
const CENTRAL_HEADER_LENGTH = 46;

/** Gives every zip entry the same time stamp, in its local and its central header: exceljs puts the clock's. */
function stampEntries(bytes: Uint8Array, stamp: Date): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== END_RECORD) end--;
  const time = (stamp.getUTCHours() << 11) | (stamp.getUTCMinutes() << 5) | (stamp.getUTCSeconds() >> 1);
  const day = ((stamp.getUTCFullYear() - 1980) << 9) | ((stamp.getUTCMonth() + 1) << 5) | stamp.getUTCDate();
  let header = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    const local = view.getUint32(header + 42, true);
    for (const at of [header + 12, local + 10]) {
      view.setUint16(at, time, true);
      view.setUint16(at + 2, day, true);
    }
    const variable = [28, 30, 32].reduce((sum, offset) => sum + view.getUint16(header + offset, true), 0);
    header += CENTRAL_HEADER_LENGTH + variable;
  }
}
