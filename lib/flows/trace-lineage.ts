/**
 * Where a value comes from and what follows from it: release, lake commit, workbook, cells, gate, event log; the strips
 * that hold its month, the caller's own runs and valuations. With `verify` the cells are read again from the raw workbook.
 */
import { hash } from 'node:crypto';
import type { Topic } from '#events/topic.ts';
import { type Caller, mayDo } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { Workbook } from '#lib/domain/sheet.ts';
import { deriveStrips, PLAIN_MEAN } from '#lib/domain/strips.ts';
import { coveredMonths, OTC_SEASONS, type SeasonRule } from '#lib/domain/tenor.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore, StoredObject } from '#lib/ports/object-store.ts';
import type { PpaStore } from '#lib/ports/ppa.ts';
import type { RunsOfVersions } from '#lib/ports/release-uses.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { Lineage, LineageAnswer, LineageQuery, LineageStrip } from '#schemas/lineage.ts';
import { gateResultOf, gateSummaryOf, warningsOf } from './gate-warnings.ts';
import { type QueryPorts, questionOf, viewOf } from './query-curves.ts';
import { bidAskCellOf, midCellOf } from './raw-cell.ts';
import { releaseMetaOf, supersededBy } from './releases-in-view.ts';
import { releaseFinder } from './verify-log.ts';

export interface LineagePorts extends QueryPorts {
  readonly objects: ObjectStore;
  readonly log: IngestLog;
  readonly bus: EventBus;
  readonly curveTopic: Topic<CurveObservation>;
  readonly vendors: readonly VendorAdapter[];
  /** Left out where there are no valuations to name. */
  readonly ppa?: PpaStore;
  /** Left out where there are no scenarios to name. */
  readonly releaseUses?: RunsOfVersions;
}

/** Labels and vendors that one place can have, with room to spare. */
const MAX_ROWS = 1_000;

/** @throws AurumError `value_not_found` when no such value was released, or none that the caller may see. */
export async function traceLineage(
  query: LineageQuery,
  ports: LineagePorts,
  caller: Caller,
): Promise<LineageAnswer> {
  const all = await ports.tables.releases('main');
  const view = await viewOf(query, questionOf(query), ports, caller);
  const { releases } = view;
  const { curve_key, tenor_type, contract_month } = query;
  const rows = await ports.queries.slice({
    releases,
    latest: view.latest,
    entitlements: caller.entitlements,
    filter: { curve_key, tenor_type, contract_from: contract_month, contract_to: contract_month },
    limit: MAX_ROWS,
  });
  const releaseOf = releaseFinder(releases);
  const data: Lineage[] = [];
  for (const row of rows) {
    const release = releaseOf(row)!;
    if (query.tenor_label !== undefined && row.tenor_label !== query.tenor_label) continue;
    data.push(await lineageOf(row, release, all, query.verify === true, ports, caller));
  }
  if (data.length === 0) throw valueNotFound(query);
  return {
    meta: { count: data.length, as_known_at: view.as_known_at, verified: query.verify === true },
    data,
  };
}

function valueNotFound({ tenor_type, contract_month }: LineageQuery) {
  return refusal('value_not_found', `no ${tenor_type} ${contract_month} of this curve is released`, {
    field: 'curve_key',
    remedy: 'GET /v1/curves/dimensions lists the curves and their tenors.',
  });
}

async function lineageOf(
  row: CurveObservation,
  release: CurveRelease,
  all: readonly CurveRelease[],
  verify: boolean,
  ports: LineagePorts,
  caller: Caller,
): Promise<Lineage> {
  const raw = verify ? await rawWorkbook(release, ports.objects) : undefined;
  const superseded_by = supersededBy(release, all);
  const { source_file, source_key, source_version_id, source_sha256, data_file } = release;
  return {
    value: priceOf(row),
    release: { ...releaseMetaOf(release), current: superseded_by === null, superseded_by, data_file },
    workbook: {
      file: source_file,
      key: source_key,
      version_id: source_version_id,
      sha256: source_sha256,
      ...(raw === undefined ? {} : { unchanged: raw.unchanged }),
    },
    cells: { mid: midCellOf(row, raw?.workbook), bid_ask: bidAskCellOf(row, raw?.workbook) },
    gate: await gateOf(row, release, ports.objects, caller),
    event_log: await eventLogOf(row, release, ports),
    downstream: {
      rule: PLAIN_MEAN.text,
      strips: await stripsWith(row, release, ports),
      ...(await scenariosOn(row, release, ports, caller)),
      ...(await valuationsOn(row, release, ports, caller)),
    },
  };
}

function priceOf(row: CurveObservation): Lineage['value'] {
  const { source_file, sheet_name, source_cell, source_cell_bid_ask, _ingest_ts, ...value } = row;
  return value;
}

interface RawWorkbook {
  readonly workbook: Workbook;
  readonly unchanged: boolean;
}

/** @throws AurumError `raw_workbook_not_found` when the object is gone. */
async function rawWorkbook(release: CurveRelease, objects: ObjectStore): Promise<RawWorkbook> {
  const { source_key, source_version_id, source_file, source_sha256 } = release;
  const stored = await storedWorkbook(release, objects);
  if (stored === undefined) {
    const version = source_version_id === null ? '' : `, version ${source_version_id}`;
    throw refusal('raw_workbook_not_found', `${source_key}${version} is not in the store any more`, {
      file: source_key,
      remedy: 'Ask without verify, or restore the raw area.',
    });
  }
  const unchanged = hash('sha256', stored.body, 'hex') === source_sha256;
  return { workbook: readWorkbook(stored.body, { source_file }), unchanged };
}

/** The version released; in a bucket restored from a copy it has another id. */
async function storedWorkbook(
  { source_key, source_version_id }: CurveRelease,
  objects: ObjectStore,
): Promise<StoredObject | undefined> {
  const named = source_version_id === null ? {} : { version_id: source_version_id };
  return (await objects.get(source_key, named)) ?? objects.get(source_key);
}

const VERDICTS = { green: 'Green', red: 'Red', overridden: 'Overridden' } as const;
const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

async function gateOf(
  row: CurveObservation,
  { version }: CurveRelease,
  objects: ObjectStore,
  caller: Caller,
): Promise<Lineage['gate']> {
  const gate = await gateResultOf(objects, version);
  if (gate === undefined) return null;
  const warnings = warningsOf(gate)
    .filter(({ curves }) => curves.some(({ curve_key }) => curve_key === row.curve_key))
    .map((warning) => ({
      ...warning,
      // Cells and curves of others are not for everybody who may see this one.
      cells: warning.cells.filter((cell) => cell === row.source_cell || cell === row.source_cell_bid_ask),
      curves: warning.curves.filter(({ curve_key }) => curve_key === row.curve_key),
    }));
  const summary = gateSummaryOf(gate);
  if (caller.entitlements === 'all') return { ...summary, warnings };
  return {
    ...summary,
    // These tell of other curves of the workbook, and of the people who let it pass.
    ...{ override: null, suites: [] },
    summary: `${VERDICTS[gate.verdict]}: ${counted(warnings.length, 'warning')} about this curve.`,
    warning_count: warnings.length,
    warnings: warnings.map((warning) => ({
      ...warning,
      element_count: null,
      unexpected_count: warning.curves.reduce((sum, { unexpected_count }) => sum + unexpected_count, 0),
    })),
  };
}

async function eventLogOf(
  row: CurveObservation,
  { version, source_key }: CurveRelease,
  { log, bus, curveTopic }: LineagePorts,
): Promise<Lineage['event_log']> {
  const deliveries = await log.latest({ source_key, limit: 100 });
  const published = deliveries.find((entry) => entry.version === version && entry.stage === 'published');
  const { name: topic } = curveTopic;
  const position =
    published === undefined
      ? undefined
      : await bus.locate?.(curveTopic, version, (value) => isOf(value, row));
  return {
    topic,
    key: curveTopic.key(row),
    marker: version,
    published_at: published?.at ?? null,
    ...(bus.locate === undefined ? {} : { position: position ?? null }),
  };
}

const isOf = (value: CurveObservation, row: CurveObservation): boolean =>
  value.source_cell === row.source_cell && value.version_hash === row.version_hash;

/** Strips of the curve in the same release that cover the month, quoted and derived; none follows from a strip. */
async function stripsWith(
  row: CurveObservation,
  release: CurveRelease,
  ports: LineagePorts,
): Promise<LineageStrip[]> {
  if (row.tenor_type !== 'MONTHLY') return [];
  const filter = { curve_key: row.curve_key };
  const curve = await ports.queries.slice({
    releases: [release],
    latest: false,
    // Of a curve whose value the caller has been shown.
    entitlements: 'all',
    filter,
    limit: 100_000,
  });
  const adapter = ports.vendors.find(({ vendor }) => vendor === release.vendor);
  const seasons: SeasonRule = adapter?.seasons ?? OTC_SEASONS;
  const months = curve.filter(({ tenor_type }) => tenor_type === 'MONTHLY');
  const quoted = curve.filter(({ tenor_type }) => tenor_type !== 'MONTHLY');
  const candidates = [
    ...quoted.map((strip) => ({ ...strip, strip_source: 'vendor' as const })),
    ...deriveStrips(months, seasons),
  ];
  return candidates.flatMap(({ tenor_type, contract_month, tenor_label, strip_source, source_cell }) => {
    const covered = coveredMonths({ tenor_type, contract_month, tenor_label }, row.asof_date, seasons);
    if (!covered.includes(row.contract_month)) return [];
    const { length } = covered;
    return [{ tenor_type, contract_month, tenor_label, strip_source, months: length, source_cell }];
  });
}

/** Newest first. */
const MAX_SCENARIOS = 100;
const MAX_VALUATIONS = 100;

/** Runs of the caller's tenant that read the sheet of the value, or the whole workbook among the days of a history. */
async function scenariosOn(
  { version_hash }: CurveObservation,
  { version }: CurveRelease,
  { releaseUses }: LineagePorts,
  caller: Caller,
): Promise<Pick<Lineage['downstream'], 'scenarios'>> {
  if (releaseUses === undefined || !mayDo(caller, 'scenarios:read')) return {};
  const runs = await releaseUses.runsOf(caller.tenant, [version, version_hash], MAX_SCENARIOS);
  return { scenarios: [...runs] };
}

/** Valuations of the caller's tenant whose reference is this curve of this release. */
async function valuationsOn(
  { curve_key }: CurveObservation,
  { version }: CurveRelease,
  { ppa }: LineagePorts,
  caller: Caller,
): Promise<Pick<Lineage['downstream'], 'valuations'>> {
  if (ppa === undefined || !mayDo(caller, 'ppa:read')) return {};
  const page = { limit: MAX_VALUATIONS, after: undefined };
  const found = await ppa.valuations(caller.tenant, { curve_key }, page);
  const onRelease = found.filter(({ provenance }) => provenance.reference.release?.version === version);
  return {
    valuations: onRelease.map(({ valuation_hash, contract, valuation_date }) => ({
      valuation_hash,
      contract,
      valuation_date,
    })),
  };
}
