/**
 * R8: two as-of days released at once, each by a process of its own, while a reader looks every 10 ms. At no moment may it
 * see a part of a release: tables that disagree, a release whose file is not there, rows of two versions of one slot.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectCreated } from '#events/object-created.ts';
import { parseJson } from '#lib/adapters/tables/iceberg/json.ts';
import { nessieClient } from '#lib/adapters/tables/nessie-client.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import { curveQuery } from '#schemas/curve-query.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { account } from './account.ts';
import { upload } from './eventing.ts';
import { type ChaosPorts, rootOf } from './ports.ts';
import { type Found, nothingFound, onSite, scenario } from './scenario.ts';
import type { Site } from './site.ts';
import { type ChaosWorkbook, smallWorkbook, timeOf } from './workbooks.ts';
import { startWorkers } from './worker.ts';

const DAYS = ['2025-09-11', '2025-09-12'];
const POLL_MS = 10;
const TABLES = ['market.curve_observation', 'market.curve_release', 'market.qa_checks'];

export const r08 = scenario(
  { id: 'R8', what: 'two as-of days racing, a reader every 10 ms' },
  onSite(async ({ site, size }) => {
    const versions = size(20, 12);
    const uploads = await site.open();
    const workbooks: ChaosWorkbook[] = [];
    const events: ObjectCreated[][] = [[], []];
    for (let index = 0; index < versions; index++) {
      for (const [at, day] of DAYS.entries()) {
        const workbook = await smallWorkbook(day, { seed: index, time: timeOf(index) });
        workbooks.push(workbook);
        events[at]!.push(await upload(uploads, workbook));
      }
    }
    const workers = await startWorkers(site, DAYS.length, versions);
    const found = nothingFound();
    const watching = watch(await site.open(), site, found);
    const jobs = workers.length === 1 ? [events.flat()] : events;
    const ends = await Promise.all(jobs.map((job, at) => workers[at]!.run({ events: job })));
    const seen = await watching.end();
    await Promise.all(workers.map((worker) => worker.end()));
    await account(site, { released: workbooks }, found);
    const conflicts = ends.reduce((sum, end) => sum + end.conflicts, 0);
    return {
      ...found,
      tried: `2 x ${versions} releases, ${seen.polls} looks`,
      note: `${seen.states} states of main seen, ${seen.answers} answers of the API; ${conflicts} conflicts retried`,
    };
  }),
);

interface Seen {
  polls: number;
  states: number;
  answers: number;
}

function watch(ports: ChaosPorts, site: Site, found: Found): { end(): Promise<Seen> } {
  const seen: Seen = { polls: 0, states: 0, answers: 0 };
  let before: readonly CurveRelease[] = [];
  let last = '';
  let over = false;
  const look = async (): Promise<void> => {
    const head = await ports.tables.head('main');
    seen.polls += 1;
    if (head === undefined || head.commit === last) return;
    last = head.commit;
    seen.states += 1;
    const releases = await ports.tables.releases(head);
    found.wrong.push(...(await faultsOf(ports, site, head.commit, before, releases)));
    before = releases;
    if (releases.length === 0) return;
    seen.answers += 1;
    found.wrong.push(...(await faultsOfApi(ports)));
  };
  const looking = (async () => {
    while (!over) {
      await look();
      await delay(POLL_MS);
    }
    await look();
  })();
  return {
    async end() {
      over = true;
      await looking;
      return seen;
    },
  };
}

async function faultsOf(
  ports: ChaosPorts,
  site: Site,
  commit: string,
  before: readonly CurveRelease[],
  releases: readonly CurveRelease[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [index, { version }] of before.entries())
    if (releases[index]?.version !== version)
      faults.push(`${version} was on main and is not in its place any more`);
  const added = releases.slice(before.length);
  for (const { data_file, row_count } of added) {
    const stored = await ports.objects.get(data_file);
    const rows = stored === undefined ? undefined : decodeCurveTable(stored.body).length;
    if (rows !== row_count) faults.push(`${data_file} has ${rows} rows where ${row_count} are released`);
  }
  const tables = await tablesAt(ports, site, commit);
  const counts = {
    'market.curve_observation': releases.reduce((sum, { row_count }) => sum + row_count, 0),
    'market.curve_release': releases.length,
  };
  for (const [table, wanted] of Object.entries(counts)) {
    const rows = tables.get(table)?.rows ?? 0;
    if (rows !== wanted) faults.push(`${table} has ${rows} rows at ${commit}, the releases have ${wanted}`);
  }
  const newest = new Set([...tables.values()].map(({ version }) => version));
  if (newest.size > 1) faults.push(`the tables at ${commit} end with ${[...newest].join(' and ')}`);
  return faults;
}

interface TableAt {
  readonly rows: number;
  /** Of the newest commit to the table. */
  readonly version: string;
}

interface MetadataSummary {
  readonly 'current-snapshot-id': bigint | number;
  readonly snapshots: readonly {
    readonly 'snapshot-id': bigint | number;
    readonly summary: Readonly<Record<string, string>>;
  }[];
}

/** What the tables themselves say at a commit, past the port: it answers from one of them. */
async function tablesAt(
  ports: ChaosPorts,
  site: Site,
  commit: string,
): Promise<ReadonlyMap<string, TableAt>> {
  const tables = new Map<string, TableAt>();
  for (const [table, location] of await locationsAt(ports, site, commit)) {
    const stored = await ports.objects.get(location.slice(rootOf(site.settings).length + 1));
    const metadata = parseJson(Buffer.from(stored!.body).toString()) as MetadataSummary;
    const current = metadata.snapshots.find(
      (each) => BigInt(each['snapshot-id']) === BigInt(metadata['current-snapshot-id']),
    );
    tables.set(table, {
      rows: Number(current?.summary['total-records']),
      version: current?.summary['aurum.version'] ?? 'none',
    });
  }
  return tables;
}

async function locationsAt(ports: ChaosPorts, { settings }: Site, commit: string) {
  if (settings.nessie !== undefined) {
    const contents = await nessieClient(settings.nessie).contents({ commit }, TABLES);
    return [...(contents?.tables ?? [])].map(
      ([table, { metadata_location }]) => [table, metadata_location] as const,
    );
  }
  const stored = await ports.objects.get(`catalog/commits/${commit}.json`);
  if (stored === undefined) return [];
  const { tables } = JSON.parse(Buffer.from(stored.body).toString()) as { tables: Record<string, string> };
  return Object.entries(tables);
}

/** An answer has, of each slot, all rows of one version. */
async function faultsOfApi(ports: ChaosPorts): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const asof of DAYS) {
    const { data, meta } = await queryCurves(curveQuery.parse({ asof, limit: '10000' }), ports, {
      entitlements: 'all',
    });
    const files = new Set(data.map(({ source_file }) => source_file));
    const times = new Set(data.map(({ _ingest_ts }) => _ingest_ts));
    if (files.size > 1 || times.size > 1 || meta.releases.length > 1)
      faults.push(`${asof} is answered from ${[...files].join(' and ')}`);
    const full = (await ports.tables.releases('main')).find(
      ({ version }) => version === meta.releases[0]?.version,
    );
    if (full !== undefined && full.row_count !== data.length)
      faults.push(`${asof} is answered with ${data.length} of ${full.row_count} rows`);
  }
  return faults;
}
