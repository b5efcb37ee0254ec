/**
 * The quotes of one curve and as-of day -> months, days or hours whose means are the quotes. Says which quotes it went
 * through, and which it left out and why.
 */
import { type CurveHours, hoursOfCurve } from '#lib/domain/calendar/curve-hours.ts';
import { dateOfDay, dayNumber } from '#lib/domain/calendar/days.ts';
import { IDENTITY_FIELDS, type Identity } from '#lib/domain/curve.ts';
import {
  contractWeights,
  type DeliveryMethod,
  type ShapedPeriod,
  shapedDays,
  shapedHours,
  shapedMonths,
} from '#lib/domain/delivery-shape.ts';
import { type AurumError, refusal } from '#lib/domain/errors.ts';
import {
  type QuotedContract,
  type QuoteLeftOut,
  quotedContracts,
  selectQuotes,
} from '#lib/domain/quoted-contracts.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { ShapeQuery, ShapeRow } from '#schemas/shape.ts';
import { filterOf, type QueryPorts, questionOf, type Reader, viewOf } from './query-curves.ts';
import { type ReleaseMeta, releaseMetaOf } from './releases-in-view.ts';

export interface ShapePorts extends QueryPorts {
  readonly vendors: readonly VendorAdapter[];
}

interface QuoteMeta {
  readonly tenor_type: string;
  readonly tenor_label: string;
  /** First delivery day. */
  readonly from: string;
  /** The day after the last. */
  readonly to: string;
  readonly price: number;
  readonly source_cell: string;
}

export interface ShapedCurve {
  readonly meta: {
    readonly count: number;
    readonly asof: string;
    readonly as_known_at: string;
    readonly granularity: ShapeQuery['granularity'];
    readonly rule: ShapeQuery['rule'];
    readonly calendar: string | null;
    readonly block: string | null;
    readonly curve: Identity;
    readonly releases: readonly ReleaseMeta[];
    readonly used: readonly QuoteMeta[];
    readonly left_out: readonly (QuoteMeta & Pick<QuoteLeftOut, 'reason' | 'implied'>)[];
  };
  readonly data: readonly ShapeRow[];
}

/** A curve has some hundred quotes: with more, the question is about several. */
const MAX_QUOTES = 2_000;
const HOURLY_DAYS = 31;
const MAX_HOURLY_DAYS = 366;

/** @throws AurumError `curve_not_found`, `curve_ambiguous`, `curve_without_hours`, `window_too_wide`, `window_empty` */
export async function shapeCurve(query: ShapeQuery, ports: ShapePorts, caller: Reader): Promise<ShapedCurve> {
  const view = await viewOf(query, questionOf(query), ports, caller);
  const { releases, latest } = view;
  const slice = { releases, latest, entitlements: caller.entitlements, filter: filterOf(query) };
  const quotes = ofOneCurve(await ports.queries.slice({ ...slice, limit: MAX_QUOTES }));
  const first = quotes[0]!;
  const release = releases.find(
    ({ source_file, asof_date }) => source_file === first.source_file && asof_date === first.asof_date,
  )!;
  const seasons = ports.vendors.find(({ vendor }) => vendor === release.vendor)?.seasons ?? OTC_SEASONS;
  const method: DeliveryMethod = { ...query, hours: hoursOfCurve(first) };
  const contracts = quotedContracts(quotes, seasons);
  if (contracts.length === 0) throw notFound();
  const { used, left_out } = selectQuotes(contracts, contractWeights(method), query.quotes);
  const within = windowOf(query, used);
  const all = shaped(query, used, method);
  const periods = all.filter(
    ({ delivery_date }) => delivery_date >= within.from && delivery_date <= within.to,
  );
  if (periods.length === 0) throw emptyWindow(query, within, all);
  const data = periods.map((period) => rowOf(period, query.granularity, first, used));
  return {
    meta: {
      count: data.length,
      asof: first.asof_date,
      as_known_at: view.as_known_at,
      granularity: query.granularity,
      rule: query.rule,
      calendar: method.hours?.calendar.name ?? null,
      block: method.hours?.block ?? null,
      curve: Object.fromEntries(IDENTITY_FIELDS.map((field) => [field, first[field]])) as unknown as Identity,
      releases: [releaseMetaOf(release)],
      used: used.map(quoteMetaOf),
      left_out: left_out.map(({ contract, reason, implied }) => ({
        ...quoteMetaOf(contract),
        reason,
        implied,
      })),
    },
    data,
  };
}

/** The rows of the newest day, which must be of one curve in one workbook. */
function ofOneCurve(rows: readonly CurveObservation[]): readonly CurveObservation[] {
  const newest = rows.reduce((day, { asof_date }) => (asof_date > day ? asof_date : day), '');
  const quotes = rows.filter(({ asof_date }) => asof_date === newest);
  if (quotes.length === 0) throw notFound();
  const curves = new Set(quotes.map(({ curve_key }) => curve_key)).size;
  const workbooks = new Set(quotes.map(({ source_file }) => source_file)).size;
  if (curves === 1 && workbooks === 1 && rows.length < MAX_QUOTES) return quotes;
  const found = curves > 1 ? `${curves} curves or more match` : `${workbooks} workbooks quote the curve`;
  throw refusal('curve_ambiguous', found, {
    field: curves > 1 ? 'curve_key' : 'version',
    remedy: 'Name one curve by its curve_key (GET /v1/curves/dimensions), and one workbook by its version.',
  });
}

function notFound(): AurumError {
  return refusal('curve_not_found', 'no released curve that you may see matches', {
    remedy: 'GET /v1/curves/dimensions lists what there is.',
  });
}

function shaped(
  { granularity }: ShapeQuery,
  contracts: readonly QuotedContract[],
  method: DeliveryMethod,
): readonly ShapedPeriod[] {
  if (granularity === 'MONTHLY') return shapedMonths(contracts, method);
  if (granularity === 'DAILY') return shapedDays(contracts, method);
  return shapedHours(contracts, { ...method, hours: requiredHours(method) });
}

function requiredHours({ hours }: DeliveryMethod): CurveHours {
  if (hours !== undefined) return hours;
  throw refusal('curve_without_hours', 'the curve is of a product that has no hours of delivery', {
    field: 'granularity',
    remedy: 'Ask for DAILY or MONTHLY.',
  });
}

/** First and last delivery day, inclusive. */
function windowOf(
  { granularity, from, to }: ShapeQuery,
  used: readonly QuotedContract[],
): { readonly from: string; readonly to: string } {
  const first = from ?? used[0]!.from;
  if (granularity !== 'HOURLY') return { from: first, to: to ?? '9999-12-31' };
  const last = to ?? dateOfDay(dayNumber(first, 'from') + HOURLY_DAYS - 1);
  if (dayNumber(last, 'to') - dayNumber(first, 'from') < MAX_HOURLY_DAYS) return { from: first, to: last };
  throw refusal('window_too_wide', `by hours a window has at most ${MAX_HOURLY_DAYS} days`, {
    field: 'to',
    remedy: 'Ask for one year after the other.',
  });
}

/** Rows of none of which would look like a curve without prices. */
function emptyWindow(
  { granularity, from }: ShapeQuery,
  within: { readonly from: string; readonly to: string },
  all: readonly ShapedPeriod[],
): AurumError {
  const [first, last] = [all[0]!.delivery_date, all.at(-1)!.delivery_date];
  const period = { MONTHLY: 'first day of a month', DAILY: 'day', HOURLY: 'hour' }[granularity];
  const message = `the curve delivers on no ${period} from ${within.from} to ${within.to}`;
  return refusal('window_empty', message, {
    field: from === undefined || within.to < first ? 'to' : 'from',
    remedy: `It delivers from ${first} to ${last}: ask for days among them.`,
  });
}

function rowOf(
  { delivery_date, start_ms, hours, price, determined }: ShapedPeriod,
  granularity: ShapeQuery['granularity'],
  { asof_date, curve_key, currency, per_unit }: CurveObservation,
  used: readonly QuotedContract[],
): ShapeRow {
  const quote = covering(delivery_date, used);
  return {
    asof_date,
    curve_key,
    granularity,
    delivery_date,
    start: start_ms === undefined ? null : new Date(start_ms).toISOString(),
    hours,
    price,
    currency,
    per_unit,
    determined: determined ?? null,
    tenor_label: quote?.tenor_label ?? null,
    source_cell: quote?.source_cell ?? null,
  };
}

/** The shortest contract used that a day lies in. */
function covering(date: string, used: readonly QuotedContract[]): CurveObservation | undefined {
  const found = used.filter(({ from, to }) => from <= date && date < to);
  return found.sort((a, b) => dayNumber(a.to) - dayNumber(a.from) - (dayNumber(b.to) - dayNumber(b.from)))[0]
    ?.quote;
}

function quoteMetaOf({ from, to, price, quote }: QuotedContract): QuoteMeta {
  const { tenor_type, tenor_label, source_cell } = quote;
  return { tenor_type, tenor_label, from, to, price, source_cell };
}
