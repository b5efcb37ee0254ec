/** Strips of released curves: those the vendor quotes and those that follow from its months, each saying which it is. */
import { hoursOfCurve } from '#lib/domain/calendar/curve-hours.ts';
import { monthHours } from '#lib/domain/calendar/market-calendar.ts';
import { refusal } from '#lib/domain/errors.ts';
import {
  deriveStrips,
  hourWeighted,
  PLAIN_MEAN,
  quotedStrip,
  type StripRow,
  type StripWeighting,
} from '#lib/domain/strips.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import type { CurveSlice, RowPosition } from '#lib/ports/curve-queries.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { DEFAULT_PAGE_SIZE, type StripQuery } from '#schemas/curve-query.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { StripRule } from '#schemas/strip.ts';
import {
  filterOf,
  type Page,
  pageOf,
  type QueryPorts,
  questionOf,
  type Reader,
  shownView,
  type View,
  viewOf,
} from './query-curves.ts';

export interface StripPorts extends QueryPorts {
  readonly vendors: readonly VendorAdapter[];
}

/** Rows one question may draw on; a broader one is refused, since strips are derived before they are paged. */
const MAX_SOURCE_ROWS = 200_000;

export async function queryStrips(
  query: StripQuery,
  ports: StripPorts,
  caller: Reader,
): Promise<Page<StripRow>> {
  const question = questionOf(query);
  const view = await viewOf(query, question, ports, caller);
  const rows = await ports.queries.slice({ ...sourceOf(query, view, caller), limit: MAX_SOURCE_ROWS + 1 });
  if (rows.length > MAX_SOURCE_ROWS) {
    throw refusal(
      'query_too_broad',
      `the filters match more than ${MAX_SOURCE_ROWS} rows to derive strips from`,
      {
        remedy:
          'Add an identity filter, a curve_key or an as-of day, or take another format, which has no limit.',
      },
    );
  }
  const rest = stripsOf(rows, query, view, ports.vendors);
  const shown = await shownView(view, rest, ports, caller);
  return pageOf(rest, query.limit ?? DEFAULT_PAGE_SIZE, question, shown, stripPosition);
}

/** Rows that the strips of a question are made of: of the curves it asks for, all tenors and months. */
export function sourceOf(query: StripQuery, view: View, { entitlements }: Reader): Omit<CurveSlice, 'limit'> {
  const { tenor_type: _, contract_from: __, contract_to: ___, ...filter } = filterOf(query);
  const { releases, latest } = view;
  return { releases, latest, entitlements, filter };
}

/** @param rows whole curves @returns what the question asks for of their strips, after its cursor, in order */
export function stripsOf(
  rows: readonly CurveObservation[],
  query: StripQuery,
  { releases, after }: View,
  vendors: readonly VendorAdapter[],
): StripRow[] {
  const { source, rule, tenor_type, contract_from, contract_to } = query;
  const strips = [
    ...(source === 'derived' ? [] : rows.filter((row) => row.tenor_type !== 'MONTHLY').map(quotedStrip)),
    ...(source === 'vendor' ? [] : derived(rows, releases, vendors, rule)),
  ];
  return strips
    .filter(
      (strip) =>
        (tenor_type === undefined || strip.tenor_type === tenor_type) &&
        (contract_from === undefined || strip.contract_month >= contract_from) &&
        (contract_to === undefined || strip.contract_month <= contract_to) &&
        (after === undefined || order(stripPosition(strip), after) > 0),
    )
    .sort((a, b) => order(stripPosition(a), stripPosition(b)));
}

function derived(
  rows: readonly CurveObservation[],
  releases: readonly CurveRelease[],
  vendors: readonly VendorAdapter[],
  rule: StripRule,
): StripRow[] {
  const curves = new Map<string, CurveObservation[]>();
  for (const row of rows) {
    if (row.tenor_type !== 'MONTHLY') continue;
    const name = `${row.asof_date}|${row.source_file}|${row.curve_key}`;
    const months = curves.get(name);
    if (months === undefined) curves.set(name, [row]);
    else months.push(row);
  }
  return [...curves.values()].flatMap((months) => {
    const { source_file, asof_date } = months[0]!;
    const release = releases.find((one) => one.source_file === source_file && one.asof_date === asof_date);
    const adapter = vendors.find(({ vendor }) => vendor === release?.vendor);
    return deriveStrips(months, adapter?.seasons ?? OTC_SEASONS, weightingOf(rule, months[0]!));
  });
}

/** A curve without hours of delivery (allowances, certificates, oil) keeps the plain mean, and says why. */
function weightingOf(rule: StripRule, curve: CurveObservation): StripWeighting {
  if (rule === 'plain_mean') return PLAIN_MEAN;
  const hours = hoursOfCurve(curve);
  if (hours === undefined) return { ...PLAIN_MEAN, text: `${PLAIN_MEAN.text}: it has no hours of delivery` };
  const { calendar, block } = hours;
  return hourWeighted((month) => monthHours(calendar, block, month), `${block} of ${calendar.name}`);
}

/** A quoted and a derived strip of one tenor stand side by side: the source is part of the place. */
function stripPosition(strip: StripRow): RowPosition & { tenor_label: string } {
  return { ...strip, tenor_label: `${strip.tenor_label}|${strip.strip_source}` };
}

function order(a: RowPosition, b: RowPosition): number {
  for (const field of ['asof_date', 'curve_key', 'tenor_type', 'contract_month', 'tenor_label'] as const) {
    if (a[field] !== b[field]) return a[field] < b[field] ? -1 : 1;
  }
  return 0;
}
