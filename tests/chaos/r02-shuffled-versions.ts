/** R2: keys uploaded again and again with other content, every event many times over and in no order. */
import type { ObjectCreated } from '#events/object-created.ts';
import { currentReleases } from '#lib/flows/releases-in-view.ts';
import { account } from './account.ts';
import { shuffled, startEventing, upload } from './eventing.ts';
import { onSite, scenario } from './scenario.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

const VERSIONS = 5;
const COPIES = 20;
/** Of the events of what the stages leave. */
const STAGE_COPIES = 5;

export const r02 = scenario(
  { id: 'R2', what: 'one key again with other content, events doubled and shuffled' },
  onSite(async ({ site, size }) => {
    const keys = size(200, 4);
    const eventing = await startEventing(site.open, { lanes: 16, copies: STAGE_COPIES });
    const workbooks: ChaosWorkbook[] = [];
    const newest: ChaosWorkbook[] = [];
    const events: ObjectCreated[] = [];
    for (const day of marketDays(keys)) {
      for (let seed = 1; seed <= VERSIONS; seed++) {
        const workbook = await smallWorkbook(day, { seed });
        const event = await upload(eventing.ports, workbook);
        const stored = await eventing.ports.objects.head(workbook.key);
        events.push({ ...event, version_id: stored?.version_id });
        workbooks.push(workbook);
        if (seed === VERSIONS) newest.push(workbook);
      }
    }
    for (const event of shuffled(events.flatMap((one) => Array.from({ length: COPIES }, () => one))))
      eventing.emit(event);
    await eventing.idle();

    const found = await account(site, { released: workbooks });
    const current = currentReleases(await eventing.ports.tables.releases('main'));
    const served = new Set(current.map(({ version }) => version));
    for (const { version, key } of newest)
      if (!served.has(version)) found.wrong.push(`${key}: an older version is served than ${version}`);
    if (current.length !== keys) found.wrong.push(`${current.length} slots are served, not ${keys}`);
    return { ...found, tried: `${keys} keys x ${VERSIONS} versions x ${COPIES} events` };
  }),
);
