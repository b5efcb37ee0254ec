/**
 * What is there at the end against what should be: releases on `main`, data files, published rows, gate results, alerts,
 * dead letters, the lake's history, the ingest log, and what Trino counts.
 */
import type { Alert } from '#events/alert.ts';
import type { IngestError } from '#events/ingest-error.ts';
import type { Topic } from '#events/topic.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { ChaosPorts } from './ports.ts';
import { type Found, nothingFound } from './scenario.ts';
import type { Site } from './site.ts';
import { type ChaosWorkbook, expectedRows } from './workbooks.ts';

export interface Expected {
  /** Workbooks that must be released, each once. */
  readonly released: readonly ChaosWorkbook[];
  /** Sources (object keys) with exactly one alert. */
  readonly alerts?: readonly string[];
  /** Sources (object keys) with exactly one dead letter. */
  readonly dead_letters?: readonly string[];
}

const rowKey = ({ version_hash, source_cell }: CurveObservation) => `${version_hash} ${source_cell}`;
const rowText = (row: CurveObservation) => JSON.stringify({ ...row, _ingest_ts: '' });

/** @param found where what is found is added; given back. */
export async function account(site: Site, expected: Expected, found: Found = nothingFound()): Promise<Found> {
  const ports = await site.open();
  const wanted = new Map<string, string>();
  for (const workbook of expected.released)
    for (const row of expectedRows(workbook)) wanted.set(rowKey(row), rowText(row));
  await onMain(ports, expected.released, wanted, found);
  await onTopics(ports, expected, wanted, found);
  await inLake(ports, expected.released, found);
  await inLog(ports, expected.released, found);
  if (site.trino !== undefined) await inTrino(site.trino, expected.released, wanted.size, found);
  return found;
}

/** Counts names against those wanted: each exactly once. */
export function once(what: string, names: Iterable<string>, wanted: readonly string[], found: Found): void {
  const left = new Map(wanted.map((name) => [name, 0]));
  for (const name of names) {
    const seen = left.get(name);
    if (seen === undefined) found.wrong.push(`${what}: ${name} should not be there`);
    else left.set(name, seen + 1);
  }
  for (const [name, seen] of left) {
    if (seen === 0) found.lost.push(`${what}: ${name}`);
    for (let more = 1; more < seen; more++) found.doubled.push(`${what}: ${name}`);
  }
}

/** Two lists of lines, in any order. */
export function sameLines(there: readonly string[], wanted: readonly string[], found: Found): void {
  const left = new Map<string, number>();
  for (const line of wanted) left.set(line, (left.get(line) ?? 0) + 1);
  const known = new Set(wanted);
  for (const line of there) {
    const more = left.get(line) ?? 0;
    if (more > 0) left.set(line, more - 1);
    else (known.has(line) ? found.doubled : found.wrong).push(line);
  }
  for (const [line, count] of left) for (let at = 0; at < count; at++) found.lost.push(line);
}

async function onMain(
  ports: ChaosPorts,
  workbooks: readonly ChaosWorkbook[],
  wanted: ReadonlyMap<string, string>,
  found: Found,
): Promise<void> {
  const releases = await ports.tables.releases('main');
  once(
    'release on main',
    releases.map(({ version }) => version),
    workbooks.map(({ version }) => version),
    found,
  );
  const rows: CurveObservation[] = [];
  for (const release of releases) {
    const stored = await ports.objects.get(release.data_file);
    const table = stored === undefined ? undefined : decodeCurveTable(stored.body);
    if (table?.length !== release.row_count)
      found.wrong.push(`${release.data_file} has ${table?.length} rows, ${release.row_count} were released`);
    if (table !== undefined) rows.push(...rowsOf(table, ''));
  }
  compareRows('row of a data file', rows, wanted, found);
}

/** A row that is there has the values it should have. */
function compareRows(
  what: string,
  rows: readonly CurveObservation[],
  wanted: ReadonlyMap<string, string>,
  found: Found,
): void {
  once(what, rows.map(rowKey), [...wanted.keys()], found);
  for (const row of rows) {
    const text = wanted.get(rowKey(row));
    if (text !== undefined && text !== rowText(row))
      found.wrong.push(`${what}: ${rowKey(row)} is not as written`);
  }
}

export async function recordsOf<T>(ports: ChaosPorts, topic: Topic<T>): Promise<readonly T[]> {
  const values: T[] = [];
  for await (const { value } of ports.bus.read(topic)) values.push(value);
  return values;
}

async function onTopics(
  ports: ChaosPorts,
  { released, alerts = [], dead_letters = [] }: Expected,
  wanted: ReadonlyMap<string, string>,
  found: Found,
): Promise<void> {
  compareRows('published row', await recordsOf(ports, ports.curveTopic), wanted, found);
  const source = ({ source }: Alert | IngestError) => source;
  once('alert', (await recordsOf(ports, ports.alertTopic)).map(source), alerts, found);
  once('dead letter', (await recordsOf(ports, ports.errorTopic)).map(source), dead_letters, found);
  const checks = (await recordsOf(ports, ports.qaTopic)).map(
    ({ version, suite, expectation, column }) => `${version} ${suite} ${expectation} ${column}`,
  );
  for (const { version } of released)
    if (!checks.some((check) => check.startsWith(version))) found.lost.push(`gate results of ${version}`);
  // A suite may ask the same of one column more than once; the same number of times for every workbook.
  const counts = new Set<number>();
  for (const { version } of released) counts.add(checks.filter((check) => check.startsWith(version)).length);
  if (counts.size > 1) found.doubled.push(`gate results: workbooks have ${[...counts].join(' or ')} of them`);
}

async function inLake(ports: ChaosPorts, workbooks: readonly ChaosWorkbook[], found: Found): Promise<void> {
  const versions: string[] = [];
  for await (const { metadata } of ports.lake.log('main')) {
    const version = metadata['aurum.version'];
    if (version !== undefined) versions.push(version);
  }
  once(
    'commit in the lake',
    versions,
    workbooks.map(({ version }) => version),
    found,
  );
}

async function inLog(ports: ChaosPorts, workbooks: readonly ChaosWorkbook[], found: Found): Promise<void> {
  const done = (await ports.log.latest({ limit: 1_000_000 })).filter(({ stage }) => stage === 'published');
  once(
    'published in the ingest log',
    done.map(({ version }) => String(version)),
    workbooks.map(({ version }) => version),
    found,
  );
}

async function inTrino(
  trino: NonNullable<Site['trino']>,
  workbooks: readonly ChaosWorkbook[],
  rows: number,
  found: Found,
): Promise<void> {
  if (workbooks.length === 0) return;
  const [counts] = await trino(
    "SELECT count(*), count(DISTINCT version_hash || ' ' || source_cell) FROM curve_observation",
  );
  const [all, distinct] = (counts ?? []).map(Number) as [number, number];
  for (let more = distinct; more < all; more++) found.doubled.push('row in Trino');
  for (let less = distinct; less < rows; less++) found.lost.push('row in Trino');
  for (let extra = rows; extra < distinct; extra++) found.wrong.push('row in Trino that should not be there');
  const releases = (await trino('SELECT version FROM curve_release')).map(([version]) => String(version));
  once(
    'release in Trino',
    releases,
    workbooks.map(({ version }) => version),
    found,
  );
}
