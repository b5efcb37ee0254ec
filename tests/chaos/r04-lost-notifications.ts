/**
 * R4: one in twenty notifications lost, of uploads and of what the stages leave; some uploads correct an earlier one. One
 * pass of the sweep must find all.
 */
import { currentReleases } from '#lib/flows/releases-in-view.ts';
import { account } from './account.ts';
import { startEventing, upload } from './eventing.ts';
import { onSite, scenario } from './scenario.ts';
import { sweepOnce } from './sweep-once.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

const EVERY = 20;
/** Of the keys, so many are uploaded twice; the second event of every other one is lost. */
const CORRECTED_EVERY = 10;

export const r04 = scenario(
  { id: 'R4', what: 'notifications lost, one pass of the sweep' },
  onSite(async ({ site, size }) => {
    const puts = size(500, 30);
    let at = 0;
    const isLost = () => ++at % EVERY === 0;
    const eventing = await startEventing(site.open, { loses: isLost });
    const { ports } = eventing;
    const workbooks: ChaosWorkbook[] = [];
    const corrected: ChaosWorkbook[] = [];
    let lost = 0;
    for (const [index, day] of marketDays(puts).entries()) {
      const workbook = await smallWorkbook(day);
      const event = await upload(ports, workbook);
      workbooks.push(workbook);
      const isHeard = !isLost();
      if (isHeard) eventing.emit(event);
      else lost += 1;
      // One that was never heard of and is replaced is gone: the sweep sees what lies there.
      if (isHeard && index % CORRECTED_EVERY === 5) corrected.push(workbook);
    }
    await eventing.idle();
    for (const [index, { day }] of corrected.entries()) {
      const workbook = await smallWorkbook(day, { seed: 2 });
      const event = await upload(ports, workbook);
      corrected[index] = workbook;
      workbooks.push(workbook);
      if (index % 2 === 0) lost += 1;
      else eventing.emit(event);
    }
    await eventing.idle();
    lost += eventing.counts.lost;

    const report = await sweepOnce(await site.open());
    const found = await account(site, { released: workbooks });
    found.wrong.push(...report.failed.map((failure) => `sweep: ${failure}`));
    const served = new Set(
      currentReleases(await ports.tables.releases('main')).map(({ version }) => version),
    );
    for (const { version, key } of corrected)
      if (!served.has(version))
        found.wrong.push(`${key}: the corrected workbook is not the one that is served`);
    const again = await sweepOnce(await site.open());
    const left = [again.ingested, again.gated, again.released, again.published].flat();
    found.wrong.push(...left.map((what) => `a second sweep drove on ${what}`));
    return {
      ...found,
      tried: `${workbooks.length} puts (${corrected.length} corrections), ${lost} notifications lost`,
    };
  }),
);
