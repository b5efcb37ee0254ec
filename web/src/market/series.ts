/** What the address asks for, as series: which curves on which days, with their prices month by month. */
import type { Row } from '../../../client/aurum.ts';
import { curveName, referenceOf, seconds, unitName } from '../format.ts';
import { api } from '../session.ts';
import type { Curve } from './finder.ts';

export type Price = Row<'GET /v1/curves'>;
export type TenorType = Price['tenor_type'];

/** `KEY.pw`, or `KEY.pw@2025-09-12`. */
export interface Wanted {
  readonly reference: string;
  readonly asof: string | undefined;
}

export interface CurveInfo {
  readonly curve: Curve;
  readonly reference: string;
  /** With its vendor where several quote it. */
  readonly name: string;
  readonly unit: string;
  /** Newest first. */
  readonly days: readonly string[];
}

export interface Series {
  readonly info: CurveInfo;
  readonly asof: string;
  readonly label: string;
  readonly colour: string;
  /** By month. */
  readonly prices: ReadonlyMap<string, Price>;
}

export const MAX_SERIES = 6;

export function wantedOf(parameters: URLSearchParams, first: string): Wanted[] {
  const others = (parameters.get('with') ?? '').split(',').filter((text) => text !== '');
  const own = { reference: first, asof: parameters.get('asof') ?? undefined };
  const more = others.map((text) => {
    const [reference = '', asof] = text.split('@', 2);
    return { reference, asof };
  });
  return [own, ...more].slice(0, MAX_SERIES);
}

export const overlayText = ({ reference, asof }: Wanted): string =>
  asof === undefined ? reference : `${reference}@${asof}`;

/** @returns undefined when there is no such curve, or none the caller may see. */
export async function curveInfo(reference: string, signal: AbortSignal): Promise<CurveInfo | undefined> {
  const [curve_key = '', named] = reference.split('.', 2);
  const { data } = await api.get('/v1/curves/dimensions', { curve_key, limit: 1_000 }, { signal });
  const curve = data.curves.find(({ vendor }) => named === undefined || vendor === named);
  if (curve === undefined) return undefined;
  const own = data.asof.filter(({ vendor }) => vendor === curve.vendor);
  const by = data.curves.length > 1 ? ` · ${curve.vendor.toUpperCase()}` : '';
  return {
    curve,
    reference: referenceOf(curve),
    name: `${curveName(curve)}${by}`,
    unit: unitName(curve),
    days: own.map(({ asof_date }) => asof_date),
  };
}

export async function seriesOf(
  wanted: readonly Wanted[],
  tenor_type: TenorType,
  signal: AbortSignal,
): Promise<Series[]> {
  const infos = await Promise.all(wanted.map(({ reference }) => curveInfo(reference, signal)));
  const found = wanted.flatMap(({ asof }, at) => {
    const info = infos[at];
    return info === undefined ? [] : [{ info, asof: asof ?? info.days[0]! }];
  });
  const isOneCurve = new Set(found.map(({ info }) => info.reference)).size === 1;
  return Promise.all(
    found.map(
      async ({ info, asof }, at): Promise<Series> => ({
        info,
        asof,
        label: found.length === 1 ? 'mid' : isOneCurve ? asof : `${info.name} ${asof}`,
        colour: `series-${at + 1}`,
        prices: await prices(info.curve, asof, tenor_type, signal),
      }),
    ),
  );
}

async function prices(
  { curve_key, vendor }: Curve,
  asof: string,
  tenor_type: TenorType,
  signal: AbortSignal,
) {
  const byMonth = new Map<string, Price>();
  const query = { curve_key, vendor, asof, tenor_type, limit: 1_000 };
  for await (const row of api.rows('/v1/curves', query, { signal })) {
    // Where two strips begin, the first.
    if (!byMonth.has(row.contract_month)) byMonth.set(row.contract_month, row);
  }
  return byMonth;
}

/** All months any of them has, ascending. */
export const monthsOf = (series: readonly Series[]): string[] =>
  [...new Set(series.flatMap(({ prices }) => [...prices.keys()]))].sort();

export const positionsOf = (months: readonly string[]): number[] => months.map(seconds);
