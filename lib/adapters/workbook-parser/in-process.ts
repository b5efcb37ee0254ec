/**
 * Parses workbooks in the calling thread: for the command line, tests and bench, where nothing waits on the event loop.
 * Cannot stop a workbook that takes too long; the limits of the reader bound what one may cost.
 */
import type { ParseOutcome, WorkbookParser, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { parseError } from './parse-message.ts';

export function inProcessParser(parse: (source: WorkbookSource) => ParseOutcome): WorkbookParser {
  return {
    async parse(source) {
      try {
        return parse(source);
      } catch (error) {
        throw parseError(error, source.source_file);
      }
    },
    async close() {},
  };
}
