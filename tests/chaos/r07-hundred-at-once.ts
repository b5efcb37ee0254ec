/** R7: many workbooks of one as-of day at once, in several processes where there is a catalog for that. */
import type { ObjectCreated } from '#events/object-created.ts';
import { account } from './account.ts';
import { upload } from './eventing.ts';
import { onSite, scenario } from './scenario.ts';
import type { Site } from './site.ts';
import { type ChaosWorkbook, smallWorkbook, timeOf } from './workbooks.ts';
import { startWorkers } from './worker.ts';

const DAY = '2025-09-12';
const SINGLES = 8;

export interface AtOnce {
  readonly workbooks: readonly ChaosWorkbook[];
  readonly processes: number;
  /** Of one alone, the next one begun when it is done. */
  readonly single_ms: number;
  /** Of all that came at once, together. */
  readonly all_ms: number;
  /** How often another process was faster to move a branch. */
  readonly conflicts: number;
  readonly again: number;
}

export const r07 = scenario(
  { id: 'R7', what: 'workbooks of one as-of at once' },
  onSite(
    async ({ site, size }) => {
      const count = size(100, 40);
      const { workbooks, processes, single_ms, all_ms, conflicts, again } = await atOnce(site, count);
      const found = await account(site, { released: workbooks });
      return {
        ...found,
        tried: `${count} workbooks in ${processes} processes`,
        note: `${Math.round(single_ms)} ms each alone, ${Math.round(all_ms / count)} ms each at once; ${conflicts} conflicts retried, ${again} deliveries again`,
      };
    },
    { trino: true },
  ),
);

/** A few workbooks one after another, then `count` at once. */
export async function atOnce(site: Site, count: number): Promise<AtOnce> {
  const workbooks: ChaosWorkbook[] = [];
  for (let index = 0; index < count + SINGLES + 1; index++)
    workbooks.push(await smallWorkbook(DAY, { seed: index, time: timeOf(index) }));
  const processes = site.where === 'stack' ? 3 : 1;
  const uploads = await site.open();
  const workers = await startWorkers(site, processes, count);
  const events: ObjectCreated[] = [];
  for (const workbook of workbooks) events.push(await upload(uploads, workbook));
  const [first, ...others] = events as [ObjectCreated, ...ObjectCreated[]];
  // It loads what all others find loaded.
  for (const worker of workers) await worker.run({ events: [first] });
  const began_ms = performance.now();
  for (const event of others.slice(0, SINGLES)) await workers[0]!.run({ events: [event] });
  const single_ms = (performance.now() - began_ms) / SINGLES;
  const all_began_ms = performance.now();
  const ends = await Promise.all(
    workers.map((worker, at) =>
      worker.run({ events: others.slice(SINGLES).filter((_, index) => index % processes === at) }),
    ),
  );
  const all_ms = performance.now() - all_began_ms;
  await Promise.all(workers.map((worker) => worker.end()));
  const again = ends.reduce((sum, { counts }) => sum + counts.again, 0);
  const conflicts = ends.reduce((sum, end) => sum + end.conflicts, 0);
  return { workbooks, processes, single_ms, all_ms, conflicts, again };
}
