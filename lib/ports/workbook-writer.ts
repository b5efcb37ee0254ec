/** From sheets to the bytes of an xlsx file. */
import type { SheetModel } from '#lib/domain/sheet-model.ts';

export interface WriteOptions {
  /** When the workbook says it was made, RFC 3339 UTC. Part of the bytes. */
  readonly created_at: string;
}

export interface WorkbookWriter {
  /** The same sheets and options give the same bytes. */
  write(sheets: readonly SheetModel[], options: WriteOptions): Promise<Uint8Array>;
}
