/**
 * The rows of one release as a workbook in the vendor's own layout. The workbook is read again before it is given away:
 * one that would not ingest to the same curves, tenors and prices is refused, naming the first row that differs.
 */
import { rowAt, rowsOf } from '#lib/domain/curve.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import { workbookOf } from '#lib/formats/workbook.ts';
import type { WorkbookWriter } from '#lib/ports/workbook-writer.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { releasedBatches } from './curve-batches.ts';
import { parseWorkbook } from './parse-workbook.ts';
import { type QueryPorts, questionOf, type Reader, type ViewRequest, viewOf } from './query-curves.ts';

export interface WorkbookPorts extends QueryPorts {
  readonly writer: WorkbookWriter;
  readonly vendors: readonly VendorAdapter[];
}

export interface WrittenWorkbook {
  readonly file_name: string;
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/**
 * @param request `asof` or `version` says which release of the vendor; left out: the newest day's
 * @throws AurumError `release_not_found`, `workbook_differs`
 */
export async function exportWorkbook(
  request: ViewRequest & { readonly vendor: string },
  ports: WorkbookPorts,
  caller: Reader,
): Promise<WrittenWorkbook> {
  const { releases } = await viewOf(request, questionOf({ ...request }), ports, caller);
  const [release] = releases.toSorted((a, b) => (a.asof_date < b.asof_date ? 1 : -1));
  const { entitlements } = caller;
  const slice = { releases: release === undefined ? [] : [release], latest: false, entitlements, filter: {} };
  const rows: CurveObservation[] = [];
  const limit = Number.MAX_SAFE_INTEGER;
  for await (const { table, ingest_ts, rows: seen } of releasedBatches(ports.queries, {
    ...slice,
    limit,
  })) {
    for (const row of seen) rows.push(rowAt(table, row, ingest_ts));
  }
  if (release === undefined || rows.length === 0) {
    throw refusal(
      'release_not_found',
      `there is no release of ${request.vendor.slice(0, 40)} that you may see`,
      {
        remedy: 'GET /v1/releases lists the releases there are.',
      },
    );
  }
  const sheets = workbookOf(rows, release.vendor);
  const bytes = await ports.writer.write(sheets, { created_at: release.known_at });
  requireSame(rows, bytes, release.source_file, ports.vendors);
  return { file_name: release.source_file, bytes, rows: rows.length };
}

const COMPARED = [
  'curve_key',
  'tenor_type',
  'contract_month',
  'tenor_label',
  'price_type',
  'value',
  'bid',
  'ask',
  'mid',
  'currency',
  'per_unit',
] as const satisfies readonly (keyof CurveObservation)[];

const contentOf = (row: CurveObservation) => JSON.stringify(COMPARED.map((name) => row[name]));

function requireSame(
  rows: readonly CurveObservation[],
  bytes: Uint8Array,
  source_file: string,
  vendors: readonly VendorAdapter[],
): void {
  const { table, failures } = parseWorkbook({ source_file, bytes }, vendors);
  const read = new Set([...rowsOf(table, '')].map(contentOf));
  const lost = rows.find((row) => !read.has(contentOf(row)));
  if (lost === undefined && read.size === rows.length && failures.length === 0) return;
  const first = lost === undefined ? '' : `, first ${lost.source_cell}`;
  throw refusal('workbook_differs', `the vendor's layout does not hold these rows as they are${first}`, {
    file: source_file,
    remedy: 'Take another format, or the workbook itself: its key is the source_key of the release.',
  });
}
