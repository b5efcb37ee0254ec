/**
 * R0: whether what is lost, doubled or changed would be found at all. Releases, rows and records are lost, added and spoilt
 * on purpose, and each of them must be in the account: the zeros of all other scenarios rest on it.
 */
import { account } from './account.ts';
import { startEventing, upload } from './eventing.ts';
import { type Found, nothingFound, onSite, scenario } from './scenario.ts';
import type { Site } from './site.ts';
import { type ChaosWorkbook, expectedRows, smallWorkbook } from './workbooks.ts';

export const r00 = scenario(
  { id: 'R0', what: 'faults planted in the stores are found' },
  onSite(async ({ site }) => {
    const found = nothingFound();
    const days = ['2025-09-10', '2025-09-11', '2025-09-12'];
    const [kept, spoilt, missing] = (await Promise.all(days.map((day) => smallWorkbook(day)))) as [
      ChaosWorkbook,
      ChaosWorkbook,
      ChaosWorkbook,
    ];
    const eventing = await startEventing(site.open);
    for (const workbook of [kept, spoilt]) eventing.emit(await upload(eventing.ports, workbook));
    await eventing.idle();
    const counts = countsOf(site, found);
    const rows = expectedRows(kept).length;
    await counts('as it should be', [kept, spoilt], { lost: 0, doubled: 0, wrong: 0 });
    // Release, gate results, lake, ingest log; rows of the data file and records.
    await counts('a workbook that never came', [kept, spoilt, missing], { lost: 4 + rows + rows });
    await counts('a workbook too many', [kept], { wrong: 3 + rows + rows });

    const { bus, curveTopic, objects, tables } = eventing.ports;
    const [first, second] = expectedRows(spoilt).map((row) => ({
      ...row,
      _ingest_ts: eventing.ports.clock.now(),
    }));
    await bus.publish(curveTopic, 'by hand', [first!, { ...second!, value: second!.value + 1 }]);
    await counts('a record twice, another changed', [kept, spoilt], { lost: 0, doubled: 2, wrong: 1 });
    const [release] = await tables.releases('main');
    await objects.delete(release!.data_file);
    await counts('a data file gone', [kept, spoilt], { lost: rows, doubled: 2, wrong: 2 });
    return { ...found, tried: '5 accounts, 4 of them of spoilt stores' };
  }),
);

/** The account of a site, compared with what is known to be wrong with it; what is not given may be anything. */
const countsOf =
  (site: Site, found: Found) =>
  async (
    what: string,
    released: readonly ChaosWorkbook[],
    expected: Partial<Record<keyof Found, number>>,
  ) => {
    const seen = await account(site, { released });
    for (const [kind, count] of Object.entries(expected) as [keyof Found, number][])
      if (seen[kind].length !== count)
        found.wrong.push(
          `${what}: ${seen[kind].length} ${kind}, not ${count}: ${seen[kind].slice(0, 3).join(', ')}`,
        );
  };
