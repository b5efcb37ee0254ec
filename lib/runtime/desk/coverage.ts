/** The coverage map of a delivered workbook: what each of its cells was taken for, as a page to be shown in a frame. */
import { refusal } from '#lib/domain/errors.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import { parseRawKey } from '#lib/flows/stage-keys.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { WorkbookParser } from '#lib/ports/workbook-parser.ts';
import { attempt, inspect } from '#lib/runtime/cli/coverage/inspection.ts';
import { coveragePage } from '#lib/runtime/cli/coverage/page.ts';
import type { RawAnswer } from '#lib/runtime/triggers.ts';
import { readWorkbook } from '#lib/workbook/read.ts';

export interface CoveragePorts {
  readonly objects: ObjectStore;
  readonly parser: WorkbookParser;
  readonly vendors: readonly VendorAdapter[];
}

/** For whoever opens the page by itself; in the desk's frame the desk's own policy holds. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; sandbox allow-scripts; frame-ancestors 'self'",
};

/** @throws AurumError (refused) when it is not there, or is no workbook that can be read. */
export async function coverageMap(
  { key }: { readonly key: string },
  { objects, parser, vendors }: CoveragePorts,
): Promise<RawAnswer> {
  const { source_file, asof_date } = parseRawKey(key);
  const stored = await objects.get(key);
  if (stored === undefined) {
    throw refusal('workbook_not_found', `there is no ${key}`, {
      field: 'key',
      remedy: 'GET /v1/ingest lists what arrived.',
    });
  }
  // First where it can be stopped: what that thread has read in its time can be read here.
  const source = { source_file, bytes: stored.body, expected_asof: asof_date };
  const attempted = await attempt(() => parser.parse(source));
  if ('refused' in attempted && !AFTER_READING.test(attempted.refused.code)) {
    const { code, message, ...rest } = attempted.refused;
    throw refusal(code, message, rest);
  }
  const workbook = readWorkbook(stored.body, { source_file });
  const inspection = inspect(source_file, stored.body, workbook, vendors, attempted);
  const outcome = 'outcome' in attempted ? attempted.outcome : undefined;
  return { headers: HEADERS, body: coveragePage(inspection, workbook, outcome) };
}

/** Refusals of a workbook whose cells were read: they can be drawn, as nobody's. */
const AFTER_READING = /^(layout|vendor|asof)_/;
