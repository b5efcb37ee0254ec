/**
 * What exists in data files, from their indexes: ladders repeat day after day, so a ladder's spans are found once however
 * many curves and days have it. Reads no price.
 */
import { setImmediate } from 'node:timers/promises';
import type { Tenor } from '#lib/domain/curve.ts';
import type { CurveInventory, InventoryQuery } from '#lib/ports/curve-queries.ts';
import type { TenorSpan } from '#schemas/dimensions.ts';
import {
  type CurveIndex,
  curvesOf,
  entitledMatchers,
  type IndexedCurve,
  type Ladder,
  type Matcher,
  matcher,
} from './curve-index.ts';
import { addSpan, type CurveTally, type InventoryTally, inventoryTally } from './inventory-tally.ts';
import type { Keys } from './loaded-files.ts';

/** Files counted before other work gets its turn. */
const FILES_IN_ONE_TURN = 32;

export async function curveInventory(query: InventoryQuery, keys: Keys): Promise<CurveInventory> {
  const { entitlements, filter, accept = () => true } = query;
  const matches = matcher(filter, keys.shared);
  const matching = matchingLadders(matches, keys.shared.tenors);
  const matcherOf = entitledMatchers(matches, entitlements);
  const releases = query.releases.filter(
    ({ row_count, vendor }) => row_count > 0 && matcherOf(vendor) !== undefined,
  );
  const found = inventoryTally();
  const choiceOf = choices(found, accept);
  for (let start = 0; start < releases.length; start += FILES_IN_ONE_TURN) {
    const chosen = releases.slice(start, start + FILES_IN_ONE_TURN);
    const indexes = await keys.indexes(chosen.map(({ data_file }) => data_file));
    for (const [number, file] of indexes.entries()) {
      const { vendor, asof_date } = chosen[number]!;
      const choice = choiceOf(vendor);
      for (const { at } of curvesOf(file, matcherOf(vendor)!)) {
        const tally = choice(file.curves[at]!);
        if (tally === undefined) continue;
        const rows = countCurve(file, at, matches.priceType, matching(file.ladders[at]!), tally);
        if (rows > 0) found.addDay(tally(), asof_date, rows);
      }
    }
    await setImmediate();
  }
  return found.result();
}

/** The tally of each curve of a vendor, begun at the first row; undefined for a curve that is not accepted. */
function choices(found: InventoryTally, accept: NonNullable<InventoryQuery['accept']>) {
  const vendors = new Map<string, (curve: IndexedCurve) => (() => CurveTally) | undefined>();
  return (vendor: string) => {
    const known = vendors.get(vendor);
    if (known !== undefined) return known;
    const curves = new Map<IndexedCurve, (() => CurveTally) | undefined>();
    const choice = (curve: IndexedCurve) => {
      if (curves.has(curve)) return curves.get(curve);
      let begun: CurveTally | undefined;
      const tally = () => {
        begun ??= found.curve(curve.series, vendor);
        return begun;
      };
      const chosen = accept(curve.series, vendor) ? tally : undefined;
      curves.set(curve, chosen);
      return chosen;
    };
    vendors.set(vendor, choice);
    return choice;
  };
}

/** Matching rows of one curve of a file, added to its tally; the tally is asked for only when there is one. */
function countCurve(
  file: CurveIndex,
  at: number,
  wanted: number | undefined,
  ladder: MatchingLadder,
  tally: () => CurveTally,
): number {
  const { steps } = ladder;
  const { priceType } = file;
  if (wanted !== undefined && priceType !== undefined) return countSide(file, at, wanted, ladder, tally);
  if (steps.length === 0 || (wanted ?? 0) !== 0) return 0;
  const curve = tally();
  for (const span of ladder.spans) addSpan(curve.spans, span);
  let [bids, asks] = [0, 0];
  if (priceType !== undefined) {
    const start = file.starts[at]!;
    for (let step = 0; step < steps.length; step++) {
      const side = priceType[start + steps[step]!];
      if (side === 1) bids++;
      else if (side === 2) asks++;
    }
  }
  curve.sides[0] += steps.length - bids - asks;
  curve.sides[1] += bids;
  curve.sides[2] += asks;
  return steps.length;
}

/** As above for the rows of one side, of a file that has several. */
function countSide(
  file: CurveIndex,
  at: number,
  wanted: number,
  { steps, tenors }: MatchingLadder,
  tally: () => CurveTally,
): number {
  const start = file.starts[at]!;
  let rows = 0;
  for (let step = 0; step < steps.length; step++) {
    if (file.priceType![start + steps[step]!] !== wanted) continue;
    addSpan(tally().spans, spanOf(tenors[step]!));
    rows++;
  }
  if (rows > 0) tally().sides[wanted as 0] += rows;
  return rows;
}

/** What of a ladder matches, whatever its side. */
interface MatchingLadder {
  /** Rows of the ladder, counted from its first. */
  readonly steps: Uint32Array;
  /** The tenor of each of them. */
  readonly tenors: readonly Tenor[];
  readonly spans: readonly TenorSpan[];
}

function matchingLadders(matches: Matcher, tenors: readonly Tenor[]): (ladder: Ladder) => MatchingLadder {
  const known = new Map<Ladder, MatchingLadder>();
  return (ladder) => {
    const held = known.get(ladder);
    if (held !== undefined) return held;
    const steps = [...ladder.keys()].filter((step) => matches.tenor(ladder[step]!));
    const found = steps.map((step) => tenors[ladder[step]!]!);
    const spans = new Map<string, TenorSpan>();
    for (const tenor of found) addSpan(spans, spanOf(tenor));
    const made = { steps: Uint32Array.from(steps), tenors: found, spans: [...spans.values()] };
    known.set(ladder, made);
    return made;
  };
}

const spanOf = ({ tenor_type, contract_month }: Tenor): TenorSpan => ({
  tenor_type,
  first_month: contract_month,
  last_month: contract_month,
  rows: 1,
});
