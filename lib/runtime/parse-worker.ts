/** What the parsing worker runs: all vendors' layouts over one workbook. */
import { parseWorkbook } from '#lib/flows/parse-workbook.ts';
import type { ParseOutcome, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';

export const parse = (source: WorkbookSource): ParseOutcome => parseWorkbook(source, adapters);
