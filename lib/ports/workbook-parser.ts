/**
 * From a workbook's bytes to rows, run where a hostile or endless file can be stopped.
 */
import type { ParsedWorkbook } from '#lib/domain/vendor.ts';

export interface WorkbookSource {
  readonly source_file: string;
  readonly bytes: Uint8Array;
  /** As-of day the path or the caller states, to be compared with the workbook's own. */
  readonly expected_asof?: string;
  /** Layout to use; left out: the one that fits. */
  readonly vendor?: string;
}

export interface ParseOutcome extends ParsedWorkbook {
  readonly vendor: string;
  readonly version: string;
  readonly workbook_sha256: string;
  readonly sheets: readonly {
    readonly name: string;
    readonly rows: number;
    readonly columns: number;
    readonly cells: number;
  }[];
}

export interface WorkbookParser {
  /** @throws AurumError (refused) naming file, sheet or cell and the remedy; `workbook_timeout` when stopped. */
  parse(source: WorkbookSource): Promise<ParseOutcome>;
  close(): Promise<void>;
}
