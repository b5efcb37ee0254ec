/**
 * R9: workbooks that the gate must stop, and gates that crash or take too long. Nothing of them may be reached by the API,
 * by SQL or on `main`; each raises one alert, whatever is delivered again.
 */
import type { ObjectCreated } from '#events/object-created.ts';
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { listQuarantine } from '#lib/flows/query-ingest.ts';
import { curveQuery } from '#schemas/curve-query.ts';
import { account } from './account.ts';
import { eventsOf, startEventing, upload } from './eventing.ts';
import type { ChaosPorts } from './ports.ts';
import { type Found, onSite, scenario } from './scenario.ts';
import type { Site } from './site.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook, timeOf } from './workbooks.ts';

const REDELIVERIES = 3;

type Cell = number | string;
interface Mutation {
  readonly name: string;
  readonly sheet: RegExp;
  readonly value: (value: Cell) => Cell;
}

const MID = /^Fixed Prices - Mid$/;
const BID_ASK = /^Fixed Prices - BidAsk$/;
const STRIPS = /^Strips - Mid$/;

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'bid above ask',
    sheet: BID_ASK,
    value: (text) => String(text).split('   /   ').reverse().join('   /   '),
  },
  { name: 'a word for a price', sheet: MID, value: () => 'see note' },
  { name: 'a strip that is not the mean of its months', sheet: STRIPS, value: (mid) => Number(mid) + 5 },
  { name: 'a price out of all bounds', sheet: MID, value: () => 1e9 },
  { name: 'a mid outside bid and ask', sheet: MID, value: (mid) => Number(mid) + 3 },
];
const FIRST_PRICE_COLUMN = 3;
const FIRST_TENOR_ROW = 12;
const PLACES = 4;

export const r09 = scenario(
  { id: 'R9', what: 'red gates' },
  onSite(
    async ({ site, size }) => {
      const count = size(36, 18);
      const eventing = await startEventing(site.open);
      const days = marketDays(Math.ceil(count / 10));
      const good: ChaosWorkbook[] = [];
      for (const day of days) good.push(await smallWorkbook(day));
      for (const workbook of good) eventing.emit(await upload(eventing.ports, workbook));
      await eventing.idle();
      const before = await served(eventing.ports, days);

      const broken = await Promise.all(
        Array.from({ length: 2 }, (_, kind) =>
          startEventing((options) => withBrokenGate(site, options, kind)),
        ),
      );
      const red: ChaosWorkbook[] = [];
      const events: ObjectCreated[] = [];
      for (let index = 0; index < count; index++) {
        // One in six is a good workbook before a gate that crashes or takes too long.
        const gate = index % 6 === 5 ? broken[Math.floor(index / 6) % 2]! : eventing;
        const change = gate === eventing ? { change: mutated(index) } : {};
        const workbook = await smallWorkbook(days[index % days.length]!, { time: timeOf(index), ...change });
        const event = await upload(gate.ports, workbook);
        red.push(workbook);
        events.push(event);
        gate.emit(event);
      }
      await Promise.all([eventing, ...broken].map((gate) => gate.idle()));
      // Delivered again, to gates that are well.
      for (const [index, event] of events.entries()) {
        const all = await eventsOf(eventing.ports, event, red[index]!.version);
        // As if the gate had died with everything done but its last object.
        if (index % 3 === 0) await eventing.ports.objects.delete(`gated/${red[index]!.version}/result.json`);
        for (const one of Array.from({ length: REDELIVERIES }, () => all).flat()) eventing.emit(one);
      }
      await eventing.idle();

      const found = await account(site, { released: good, alerts: red.map(({ key }) => key) });
      unchanged(before, await served(eventing.ports, days), found);
      const waiting = await listQuarantine({ asof: undefined }, eventing.ports);
      const kept = new Set(waiting.data.map(({ version }) => version));
      for (const { version } of red)
        if (!kept.has(version)) found.lost.push(`${version} is not in quarantine`);
      const sql = await reachedBySql(site, red, found);
      return {
        ...found,
        tried: `${count} red (${count - Math.floor(count / 6)} mutations), ${REDELIVERIES} redeliveries`,
        note: sql,
      };
    },
    { trino: true },
  ),
);

/** One cell changed; place and kind go with the index. */
function mutated(index: number): (sheets: readonly SheetModel[]) => readonly SheetModel[] {
  const mutation = MUTATIONS[index % MUTATIONS.length]!;
  const column = FIRST_PRICE_COLUMN + (index % PLACES);
  const row = FIRST_TENOR_ROW + 1 + (Math.floor(index / MUTATIONS.length) % 2);
  return (sheets) =>
    sheets.map((sheet) => {
      if (!mutation.sheet.test(sheet.name)) return sheet;
      const rows = sheet.rows.map((line) =>
        line.row !== row
          ? line
          : {
              ...line,
              cells: line.cells.map((cell) =>
                cell.column === column ? { ...cell, value: mutation.value(cell.value) } : cell,
              ),
            },
      );
      return { ...sheet, rows };
    });
}

/** Gates that crash, or take longer than they may. */
async function withBrokenGate(
  site: Site,
  options: Parameters<Site['open']>[0],
  kind: number,
): Promise<ChaosPorts> {
  const ports = await site.open(options);
  if (kind === 1) return { ...ports, gate_timeout_ms: -1 };
  const [family] = ports.families;
  const crash = {
    ...family!,
    get suite(): never {
      throw new Error('the gate broke');
    },
  };
  return { ...ports, families: [crash] };
}

/** What the API answers for each day, to the bit. */
async function served(ports: ChaosPorts, days: readonly string[]): Promise<readonly string[]> {
  const answers = [];
  for (const asof of days)
    answers.push(
      await queryCurves(curveQuery.parse({ asof, limit: '10000' }), ports, { entitlements: 'all' }),
    );
  return answers.map(({ data, meta }) => JSON.stringify([data, meta.releases]));
}

function unchanged(before: readonly string[], after: readonly string[], found: Found): void {
  for (const [index, answer] of after.entries())
    if (answer !== before[index]) found.wrong.push(`the API answers otherwise than before for day ${index}`);
}

async function reachedBySql(site: Site, red: readonly ChaosWorkbook[], found: Found): Promise<string> {
  if (site.trino === undefined) return 'SQL not asked: no Trino that takes catalogs at run time';
  const files = red.map(({ file }) => `'${file}'`).join(', ');
  const [[rows] = [0]] = await site.trino(
    `SELECT count(*) FROM curve_observation WHERE source_file IN (${files})`,
  );
  if (Number(rows) > 0) found.wrong.push(`${rows} rows of red workbooks by SQL`);
  return `${rows} rows by SQL`;
}
