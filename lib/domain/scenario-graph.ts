/**
 * The assumptions of a scenario as a graph: checked, bound to their drivers, in canonical order (by id), with what each
 * one's price starts from. Knows no curve and no price; what is written in another order is the same graph.
 */
import { type Assumption, MAX_INTERACTING, type StoredAssumption } from '#schemas/scenario.ts';
import { canonicalHash } from './canonical-json.ts';
import { normalisedIdentityPart } from './curve.ts';
import {
  type BoundDriver,
  type CurveReference,
  checkedVersion,
  driverOf,
  type ScenarioDriver,
} from './driver.ts';
import { refusal } from './errors.ts';

export interface BoundAssumption {
  readonly stored: StoredAssumption;
  readonly applies_to: Assumption['applies_to'];
  readonly driver: BoundDriver;
  /** Path in the request, `assumptions.2`. */
  readonly place: string;
  /** Ids whose effects are in the price this one starts from: what it depends on, and what that depends on. */
  readonly ancestors: ReadonlySet<string>;
  /** A cap or floor that stated no dependency: it holds for the final price. */
  readonly holds_last: boolean;
}

export interface Scenario {
  /** By id. */
  readonly assumptions: readonly BoundAssumption[];
  /** sha256 of the canonical JSON of the stored assumptions. */
  readonly scenario_hash: string;
  /** Curves the drivers read beside those they change. */
  readonly needs: readonly CurveReference[];
}

/**
 * @throws AurumError `driver_unknown`, `driver_version_unknown`, `driver_parameters_invalid`, `assumption_repeated`,
 * `dependency_unknown`, `dependency_cycle`, `window_empty`, `attribution_too_large`; each with the field's path.
 */
export function bindScenario(
  assumptions: readonly Assumption[],
  drivers: readonly ScenarioDriver[],
): Scenario {
  const bound = assumptions
    .map((one, index) => bindAssumption(one, `assumptions.${index}`, drivers))
    .sort((a, b) => (a.stored.id < b.stored.id ? -1 : 1));
  checkIds(bound);
  const ancestors = closure(bound);
  const linked = bound.map((one) => ({ ...one, ancestors: ancestors.get(one.stored.id)! }));
  for (const one of linked) checkInteracting(linked.filter((other) => holdsWherever(other, one)));
  return {
    assumptions: linked,
    scenario_hash: canonicalHash(bound.map(({ stored }) => stored)),
    needs: bound.flatMap(({ driver }) => driver.needs),
  };
}

/** Assumptions linked by dependencies, directly or over others: only within a group does one's change depend on another's. */
export function interacting(assumptions: readonly BoundAssumption[]): BoundAssumption[][] {
  const groups: BoundAssumption[][] = [];
  for (const one of assumptions) {
    const linked = groups.filter((group) => group.some((other) => isLinked(one, other)));
    for (const group of linked) groups.splice(groups.indexOf(group), 1);
    groups.push([...linked.flat(), one].sort((a, b) => (a.stored.id < b.stored.id ? -1 : 1)));
  }
  return groups;
}

const isLinked = (one: BoundAssumption, other: BoundAssumption) =>
  one.ancestors.has(other.stored.id) || other.ancestors.has(one.stored.id);

/** @throws AurumError `attribution_too_large` for assumptions of one curve of which too many depend on each other */
export function checkInteracting(assumptions: readonly BoundAssumption[], curve = 'one curve'): void {
  const large = interacting(assumptions).find((group) => group.length > MAX_INTERACTING);
  if (large === undefined) return;
  const names = large.map(({ stored }) => stored.id).join(', ');
  throw refusal(
    'attribution_too_large',
    `${large.length} assumptions depend on each other on ${curve}: ${names}`,
    {
      field: 'assumptions',
      remedy: `At most ${MAX_INTERACTING} may: join some in a composite, or restrict them with applies_to.`,
    },
  );
}

/** Whether `other` holds for every curve that `one` holds for, whatever curves there are. */
function holdsWherever(
  { applies_to: other }: BoundAssumption,
  { applies_to: one }: BoundAssumption,
): boolean {
  const { from, to, ...filter } = other;
  const isLonger =
    (from === undefined || (one.from !== undefined && from <= one.from)) &&
    (to === undefined || (one.to !== undefined && one.to <= to));
  return (
    isLonger &&
    Object.entries(filter).every(([field, wanted]) => {
      if (wanted === undefined) return true;
      const names = new Set(wanted.map(normalisedIdentityPart));
      const narrower = one[field as keyof typeof filter];
      return narrower?.every((name) => names.has(normalisedIdentityPart(name))) ?? false;
    })
  );
}

type Unlinked = Omit<BoundAssumption, 'ancestors'>;

function bindAssumption(one: Assumption, place: string, drivers: readonly ScenarioDriver[]): Unlinked {
  const { id, applies_to, depends_on } = one;
  if (applies_to.from !== undefined && applies_to.to !== undefined && applies_to.from > applies_to.to) {
    throw refusal('window_empty', `${id} ends before it begins`, { field: `${place}.applies_to.to` });
  }
  const found = driverOf(drivers, one.driver, `${place}.driver`);
  const version = checkedVersion(found, one.version, `${place}.version`);
  const driver = found.bind(one.parameters, { place: `${place}.parameters`, drivers });
  const stored: StoredAssumption = {
    id,
    driver: found.type,
    version,
    parameters: driver.parameters,
    applies_to: sortedLists(applies_to),
    ...(depends_on === undefined ? {} : { depends_on: [...new Set(depends_on)].sort() }),
  };
  return {
    stored,
    applies_to,
    driver,
    place,
    holds_last: driver.limited !== undefined && depends_on === undefined,
  };
}

/** A list of alternatives is a set: its order is not part of what it means. */
function sortedLists(filter: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, Array.isArray(value) ? [...new Set<string>(value)].sort() : value]),
  );
}

function checkIds(bound: readonly Unlinked[]): void {
  const ids = new Set<string>();
  for (const { stored, place } of bound) {
    if (ids.has(stored.id)) {
      throw refusal('assumption_repeated', `two assumptions are called "${stored.id}"`, {
        field: `${place}.id`,
        remedy: 'Give each a name of its own.',
      });
    }
    ids.add(stored.id);
  }
  for (const { stored, place } of bound) {
    const unknown = stored.depends_on?.find((id) => !ids.has(id));
    if (unknown === undefined) continue;
    throw refusal('dependency_unknown', `"${stored.id}" depends on "${unknown}", which is not there`, {
      field: `${place}.depends_on`,
      remedy: `Assumptions: ${[...ids].join(', ')}.`,
    });
  }
}

/** All that each depends on, directly or not; caps and floors that state nothing depend on all others. */
function closure(bound: readonly Unlinked[]): Map<string, Set<string>> {
  const direct = new Map(bound.map(({ stored }) => [stored.id, new Set(stored.depends_on)]));
  for (const { stored, place } of bound) {
    if (!reach(direct, stored.id).has(stored.id)) continue;
    throw refusal('dependency_cycle', `"${stored.id}" depends on itself: ${cycleOf(direct, stored.id)}`, {
      field: `${place}.depends_on`,
      remedy: 'Take one dependency out of the circle, or state the order in a composite.',
    });
  }
  for (const limit of bound.filter(({ holds_last }) => holds_last)) {
    // Others first, then the limits before it: those it is not itself a basis of.
    for (const other of bound.toSorted((a, b) => Number(a.holds_last) - Number(b.holds_last))) {
      const isBefore = !other.holds_last || other.stored.id < limit.stored.id;
      if (other === limit || !isBefore) continue;
      if (!reach(direct, other.stored.id).has(limit.stored.id)) {
        direct.get(limit.stored.id)!.add(other.stored.id);
      }
    }
  }
  return new Map(bound.map(({ stored }) => [stored.id, reach(direct, stored.id)]));
}

/** Everything reachable from `start`; `start` itself only by a circle. */
function reach(direct: ReadonlyMap<string, ReadonlySet<string>>, start: string): Set<string> {
  const reached = new Set<string>();
  const open = [...direct.get(start)!];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...direct.get(next)!);
  }
  return reached;
}

/** `a -> b -> a`, the shortest circle through `start`. */
function cycleOf(direct: ReadonlyMap<string, ReadonlySet<string>>, start: string): string {
  const paths = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of [...direct.get(path.at(-1)!)!].sort()) {
      if (next === start) return [...path, start].join(' -> ');
      if (!seen.has(next)) paths.push([...path, next]);
      seen.add(next);
    }
  }
  return start;
}
