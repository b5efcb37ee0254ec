/**
 * What a data file holds without its prices: which curves, from which row, and each curve's ladder of tenors. Enough to
 * say which rows answer a question, in 8 kB for a file of 28,000 rows, since ladders and curves repeat day after day.
 */
import { type Caller, type CurveRight, covers, rightsTo } from '#lib/domain/access.ts';
import { type Identity, normalisedIdentityPart, type Series, type Tenor } from '#lib/domain/curve.ts';
import { type FileLayout, readLayout, type Stretch } from '#lib/parquet/columns.ts';
import { decodeKeys, decodeSeries, type GroupKeys } from '#lib/parquet/decode.ts';
import { compareText } from '#lib/parquet/order.ts';
import type { CurveFilter } from '#lib/ports/curve-queries.ts';
import { PRICE_TYPES } from '#schemas/curve-observation.ts';

/** Identity of a curve as its key has it, normalised. */
export interface IndexedCurve {
  readonly curve_key: string;
  /** As the file that brought the curve writes it. */
  readonly series: Series;
  readonly identity: Readonly<Record<keyof Identity, string>>;
}

/** Tenors of one curve in one file, in row order, by their index in SharedKeys.tenors. Equal ladders are one object. */
export type Ladder = Uint32Array;

export interface CurveIndex {
  readonly key: string;
  readonly source_file: string;
  readonly layout: FileLayout;
  /** First row of each row group. */
  readonly groupStarts: readonly number[];
  /** Ascending by key; curve i has the rows from `starts[i]`, one for each tenor of `ladders[i]`. */
  readonly curves: readonly IndexedCurve[];
  readonly starts: Uint32Array;
  readonly ladders: readonly Ladder[];
  /** Index into PRICE_TYPES for each row; undefined when all are mids. */
  readonly priceType: Uint8Array | undefined;
  readonly bytes: number;
}

/** Curves, tenors and ladders that the indexes of many files share. */
export interface SharedKeys {
  readonly curves: Map<string, IndexedCurve>;
  /** Curves by one part of their identity, `location|hub 5`: a question looks at few of them. */
  readonly parts: Map<string, IndexedCurve[]>;
  readonly tenors: Tenor[];
  readonly tenorIds: Map<string, number>;
  readonly ladders: Map<number, Ladder[]>;
  /** About how much memory all of it takes. */
  bytes: number;
}

export function sharedKeys(): SharedKeys {
  return {
    curves: new Map(),
    parts: new Map(),
    tenors: [],
    tenorIds: new Map(),
    ladders: new Map(),
    bytes: 0,
  };
}

// What V8 takes, measured with 400 files and rounded up.
const CHUNK_PLACE_BYTES = 100;
const CURVE_IN_FILE_BYTES = 24;
const SHARED_CURVE_BYTES = 1_500;
const SHARED_TENOR_BYTES = 400;
const SHARED_LADDER_BYTES = 200;

/** @throws AurumError (fault) when the bytes are no data file of curves. */
export function curveIndex(key: string, bytes: Uint8Array, shared: SharedKeys): CurveIndex {
  const layout = readLayout(bytes);
  const file = { bytes, offset: 0 };
  const curves: IndexedCurve[] = [];
  const starts: number[] = [];
  const tenors = new Uint32Array(layout.rows);
  const priceType = new Uint8Array(layout.rows);
  const groupStarts: number[] = [];
  let first = 0;
  for (const group of layout.groups) {
    groupStarts.push(first);
    const keys = decodeKeys(file, group);
    addCurves(file, layout, groupStarts.length - 1, keys, shared);
    const ids = keys.tenors.map((tenor) => tenorId(tenor, shared));
    for (let row = 0; row < group.rows; row++) tenors[first + row] = ids[keys.tenorCode[row]!]!;
    let start = first;
    for (const [run, code] of keys.curves.codes.entries()) {
      const curve = shared.curves.get(keys.curve_keys[code]!)!;
      if (curves.at(-1) !== curve) {
        curves.push(curve);
        starts.push(start);
      }
      start += keys.curves.lengths[run]!;
    }
    priceType.set(keys.priceType, first);
    first += group.rows;
  }
  const ladders = starts.map((start, curve) =>
    sharedLadder(tenors.subarray(start, starts[curve + 1] ?? first), shared),
  );
  const onlyMids = priceType.every((type) => type === 0);
  const size =
    layout.groups.length * 27 * CHUNK_PLACE_BYTES +
    curves.length * CURVE_IN_FILE_BYTES +
    (onlyMids ? 0 : layout.rows);
  const source_file = layout.metadata.get('aurum.source_file') ?? '';
  return {
    key,
    source_file,
    layout,
    groupStarts,
    curves,
    starts: Uint32Array.from(starts),
    ladders,
    priceType: onlyMids ? undefined : priceType,
    bytes: size,
  };
}

/** Identities are decoded only for the curves that no file before had. */
function addCurves(
  file: Stretch,
  layout: FileLayout,
  group: number,
  keys: GroupKeys,
  shared: SharedKeys,
): void {
  const { curves } = shared;
  if (keys.curve_keys.every((key) => curves.has(key))) return;
  for (const series of decodeSeries(file, layout.groups[group]!)) {
    if (curves.has(series.curve_key)) continue;
    const { curve_key, units_raw: _units, currency: _currency, per_unit: _per, ...identity } = series;
    const parts = Object.entries(identity).map(([name, part]) => [name, normalisedIdentityPart(part)]);
    const curve: IndexedCurve = { curve_key, series, identity: Object.fromEntries(parts) };
    curves.set(curve_key, curve);
    for (const [name, part] of parts) {
      const alike = shared.parts.get(`${name}|${part}`);
      if (alike === undefined) shared.parts.set(`${name}|${part}`, [curve]);
      else alike.push(curve);
    }
    shared.bytes += SHARED_CURVE_BYTES;
  }
}

function tenorId(tenor: Tenor, shared: SharedKeys): number {
  const { tenors, tenorIds } = shared;
  const name = JSON.stringify([tenor.tenor_type, tenor.contract_month, tenor.tenor_label]);
  const known = tenorIds.get(name);
  if (known !== undefined) return known;
  tenorIds.set(name, tenors.length);
  shared.bytes += SHARED_TENOR_BYTES;
  return tenors.push(tenor) - 1;
}

function sharedLadder(tenors: Uint32Array, shared: SharedKeys): Ladder {
  const { ladders } = shared;
  let digest = tenors.length;
  for (let step = 0; step < tenors.length; step++) digest = (Math.imul(digest, 31) + tenors[step]!) | 0;
  const alike = ladders.get(digest) ?? [];
  const known = alike.find((ladder) => sameNumbers(ladder, tenors));
  if (known !== undefined) return known;
  const ladder = tenors.slice();
  ladders.set(digest, [...alike, ladder]);
  shared.bytes += SHARED_LADDER_BYTES + ladder.byteLength;
  return ladder;
}

function sameNumbers(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

export interface Matcher {
  /** Of the curves known by now, those that match, ascending by key. */
  curves(): readonly IndexedCurve[];
  tenor(id: number): boolean;
  /** Given, rows of another price type do not match, whatever their tenor. */
  readonly priceType: number | undefined;
}

/** The conditions of a filter, compared as the curve key compares; each curve and tenor is judged once, not once a file. */
export function matcher(filter: CurveFilter, shared: SharedKeys): Matcher {
  const { curve_key, tenor_type, price_type, contract_from, contract_to, ...identity } = filter;
  const parts = Object.entries(identity)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => [name as keyof Identity, normalisedIdentityPart(part)] as const);
  const key = curve_key?.trim().toLowerCase();
  const fitsCurve = (curve: IndexedCurve) =>
    (key === undefined || curve.curve_key === key) &&
    parts.every(([name, part]) => curve.identity[name] === part);
  const fitsTenor = (tenor: Tenor) =>
    (tenor_type === undefined || tenor.tenor_type === tenor_type) &&
    (contract_from === undefined || tenor.contract_month >= contract_from) &&
    (contract_to === undefined || tenor.contract_month <= contract_to);
  let judged = 0;
  let fitting: IndexedCurve[] = [];
  const tenors = new Map<number, boolean>();
  return {
    curves: () => {
      // Indexes loaded meanwhile bring new curves.
      if (judged === shared.curves.size) return fitting;
      judged = shared.curves.size;
      fitting = [...candidates(shared, key, parts)]
        .filter(fitsCurve)
        .sort((a, b) => compareText(a.curve_key, b.curve_key));
      return fitting;
    },
    tenor: (id) => {
      let verdict = tenors.get(id);
      if (verdict === undefined) {
        verdict = fitsTenor(shared.tenors[id]!);
        tenors.set(id, verdict);
      }
      return verdict;
    },
    priceType: price_type === undefined ? undefined : PRICE_TYPES.indexOf(price_type),
  };
}

/** Curves among which are all that match: the fewest that a single condition leaves. */
function candidates(
  { curves, parts: byPart }: SharedKeys,
  curve_key: string | undefined,
  parts: readonly (readonly [keyof Identity, string])[],
): Iterable<IndexedCurve> {
  if (curve_key !== undefined) return [curves.get(curve_key)].filter((curve) => curve !== undefined);
  const lists = parts.map(([name, part]) => byPart.get(`${name}|${part}`) ?? []);
  return lists.sort((a, b) => a.length - b.length)[0] ?? curves.values();
}

/**
 * What matches in a vendor's files: the same rows and, where the caller is entitled to some of its curves only, those. Each
 * curve is judged once a vendor, and where everything may be seen it costs nothing.
 * @returns undefined for a vendor of whom nothing may be seen.
 */
export function entitledMatchers(
  matches: Matcher,
  entitlements: Caller['entitlements'],
): (vendor: string) => Matcher | undefined {
  const vendors = new Map<string, Matcher | undefined>();
  return (vendor) => {
    if (!vendors.has(vendor)) vendors.set(vendor, restricted(matches, rightsTo({ entitlements }, vendor)));
    return vendors.get(vendor);
  };
}

function restricted(matches: Matcher, rights: 'all' | readonly CurveRight[]): Matcher | undefined {
  if (rights === 'all') return matches;
  if (rights.length === 0) return undefined;
  let judged: readonly IndexedCurve[] | undefined;
  let seen: readonly IndexedCurve[] = [];
  const curves = () => {
    const found = matches.curves();
    if (found !== judged) seen = found.filter(({ identity }) => covers(rights, identity));
    judged = found;
    return seen;
  };
  return { ...matches, curves };
}

/** A curve by its number in a file. */
export interface CurveInFile {
  readonly file: CurveIndex;
  readonly at: number;
}

/** The matching curves that the file has, ascending by key. */
export function curvesOf(file: CurveIndex, matches: Matcher): CurveInFile[] {
  const found: CurveInFile[] = [];
  let at = 0;
  for (const curve of matches.curves()) {
    at = placeOf(file.curves, curve.curve_key, at);
    if (file.curves[at] === curve) found.push({ file, at });
  }
  return found;
}

/** First curve from `from` on whose key is not below; strides double, so both one curve and all of them are quick. */
function placeOf(curves: readonly IndexedCurve[], curve_key: string, from: number): number {
  const below = (at: number) => at < curves.length && compareText(curves[at]!.curve_key, curve_key) < 0;
  let stride = 1;
  let low = from;
  while (below(low + stride - 1)) {
    low += stride;
    stride *= 2;
  }
  for (let high = low + stride - 1; low < high; ) {
    const middle = (low + high) >> 1;
    if (below(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
