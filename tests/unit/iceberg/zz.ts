import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import { commitDay, marketDay, releaseDay, stageDay } from '#tests/contract/tables/market-days.ts';
const asDate = (day: number) => new Date(Date.UTC(2015, 0, 1 + day)).toISOString().slice(0, 10);
const objects = memoryObjectStore();
const tables = localTables({ objects, bucket: 'aurum' });
const t = { stage: [] as number[], commit: [] as number[], ff: [] as number[], rel: [] as number[] };
const timed = async <T>(to: number[], f: () => Promise<T>): Promise<T> => { const a = performance.now(); const r = await f(); to.push(performance.now() - a); return r; };
for (let i = 0; i < 40; i++) {
  const day = marketDay(asDate(i), 0, 200, 140);
  const files = await timed(t.stage, () => stageDay(tables, day));
  const base = (await tables.head('main'))!;
  const made = await timed(t.commit, () => commitDay(tables, day, base, files));
  if (made.outcome === 'conflict') throw 1;
  await timed(t.ff, () => tables.fastForward(made.head, base));
  await timed(t.rel, () => tables.releases('main'));
}
const med = (a: number[]) => a.slice(5).sort((x, y) => x - y)[Math.floor((a.length - 5) / 2)]!.toFixed(2);
console.log('28k rows median ms', Object.fromEntries(Object.entries(t).map(([k, v]) => [k, med(v)])), 'first', t.stage[0], t.commit[0]);
const t0 = performance.now(); const at: Record<number, number> = {};
for (let i = 40; i < 2000; i++) { const a = performance.now(); await releaseDay(tables, marketDay(asDate(i), 0, 1, 1)); if (i % 500 < 50) at[i - i % 500] = (at[i - i % 500] ?? 0) + (performance.now() - a) / 50; }
console.log('1960 releases', performance.now() - t0, at, process.memoryUsage().rss / 1e6);
const cold = localTables({ objects, bucket: 'aurum' });
const c = performance.now(); const n = (await cold.releases('main')).length; console.log('cold releases', n, performance.now() - c);
const w = performance.now(); await cold.releases('main'); console.log('warm', performance.now() - w);
