/**
 * UTC offsets of an IANA time zone, from the runtime's time-zone database, found once a year and zone and then looked up in
 * a short list. A call of Intl costs microseconds, a look-up nanoseconds. Knows no market.
 */
import { DAY_MS, HOUR_MS } from './days.ts';

/** From `from_ms` (UTC) on, local time is UTC plus `offset_ms`. */
interface OffsetSpan {
  readonly from_ms: number;
  readonly offset_ms: number;
}

export interface ZoneOffsets {
  readonly time_zone: string;
  /** Local clock minus UTC at an instant, ms. */
  readonly offsetAt: (utc_ms: number) => number;
  /** Instant at which local clocks show `local_ms` (a local time written as if it were UTC). */
  readonly instantOf: (local_ms: number) => number;
}

const zones = new Map<string, ZoneOffsets>();
const PROBE_MS = 7 * DAY_MS;
const MINUTE_MS = 60_000;

export function zoneOffsets(time_zone: string): ZoneOffsets {
  const known = zones.get(time_zone);
  if (known !== undefined) return known;
  const made = createOffsets(time_zone);
  zones.set(time_zone, made);
  return made;
}

function createOffsets(time_zone: string): ZoneOffsets {
  const ask = intlOffset(time_zone);
  const years = new Map<number, readonly OffsetSpan[]>();
  // Callers walk through time: the span of the last answer is nearly always the one of the next.
  let current = { from_ms: 0, to_ms: 0, offset_ms: 0 };

  const spansOf = (year: number): readonly OffsetSpan[] => {
    const known = years.get(year);
    if (known !== undefined) return known;
    const spans = findSpans(ask, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
    years.set(year, spans);
    return spans;
  };
  const offsetAt = (utc_ms: number): number => {
    if (utc_ms >= current.from_ms && utc_ms < current.to_ms) return current.offset_ms;
    const year = new Date(utc_ms).getUTCFullYear();
    const spans = spansOf(year);
    const index = spans.findLastIndex(({ from_ms }) => from_ms <= utc_ms);
    const { from_ms, offset_ms } = spans[index]!;
    current = { from_ms, offset_ms, to_ms: spans[index + 1]?.from_ms ?? Date.UTC(year + 1, 0, 1) };
    return offset_ms;
  };
  const instantOf = (local_ms: number): number => {
    const guess = local_ms - offsetAt(local_ms);
    return local_ms - offsetAt(guess);
  };
  return { time_zone, offsetAt, instantOf };
}

/** Spans of one offset each within [from, to): probes every week, then halves the week in which the offset changes. */
function findSpans(ask: (utc_ms: number) => number, from_ms: number, to_ms: number): readonly OffsetSpan[] {
  const spans: OffsetSpan[] = [{ from_ms, offset_ms: ask(from_ms) }];
  for (let low = from_ms; low < to_ms; low += PROBE_MS) {
    const before = spans.at(-1)!.offset_ms;
    const high = Math.min(low + PROBE_MS, to_ms - MINUTE_MS);
    const after = ask(high);
    if (after === before) continue;
    let [first, last] = [low, high];
    while (last - first > MINUTE_MS) {
      const middle = first + Math.floor((last - first) / (2 * MINUTE_MS)) * MINUTE_MS;
      if (ask(middle) === before) first = middle;
      else last = middle;
    }
    spans.push({ from_ms: last, offset_ms: after });
  }
  return spans;
}

/** Intl writes offsets as `GMT`, `GMT-05:00`. */
function intlOffset(time_zone: string): (utc_ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: time_zone, timeZoneName: 'longOffset' });
  return (utc_ms) => {
    const text = format.format(utc_ms);
    const found = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(text)!;
    if (found[1] === undefined) return 0;
    const size = Number(found[2]) * HOUR_MS + Number(found[3]) * MINUTE_MS;
    return found[1] === '-' ? -size : size;
  };
}
