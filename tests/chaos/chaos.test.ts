/**
 * A part of `npm run chaos` on the real services that ends soon: nothing lost, doubled or wrong. And whether losing,
 * doubling and changing would be found at all.
 */
import { describe, expect, test } from 'vitest';
import { account } from '#tests/chaos/account.ts';
import { startEventing, upload } from '#tests/chaos/eventing.ts';
import { r02 } from '#tests/chaos/r02-shuffled-versions.ts';
import { r04 } from '#tests/chaos/r04-lost-notifications.ts';
import { r07 } from '#tests/chaos/r07-hundred-at-once.ts';
import { r08 } from '#tests/chaos/r08-racing-days.ts';
import { r09 } from '#tests/chaos/r09-red-gates.ts';
import { r12 } from '#tests/chaos/r12-lost-records.ts';
import { r13 } from '#tests/chaos/r13-changing-objects.ts';
import type { Scenario } from '#tests/chaos/scenario.ts';
import { missingSettings, openSite } from '#tests/chaos/site.ts';
import { smallWorkbook } from '#tests/chaos/workbooks.ts';

const missing = missingSettings();
const PART: readonly (readonly [string, number, Scenario])[] = [
  ['R2', 0.01, r02],
  ['R4', 0.04, r04],
  ['R7', 0.12, r07],
  ['R8', 0.2, r08],
  ['R9', 0.4, r09],
  ['R12', 0.1, r12],
  ['R13', 0.08, r13],
];

const why = missing.length === 0 ? '' : ` (skipped without ${missing.join(', ')})`;

describe.skipIf(missing.length > 0)(`chaos${why}`, () => {
  test.each(PART)('%s, x %f', async (_id, scale, { run, what }) => {
    const { lost, doubled, wrong, examples } = await run({ on: 'stack', scale });
    expect({ what, lost, doubled, wrong, examples }).toEqual({
      what,
      lost: 0,
      doubled: 0,
      wrong: 0,
      examples: [],
    });
  });
});

test('what is lost, doubled or changed is found', async () => {
  const site = await openSite('local');
  try {
    const [there, gone, altered] = await Promise.all(
      ['2025-09-10', '2025-09-11', '2025-09-12'].map((day) => smallWorkbook(day)),
    );
    const eventing = await startEventing(site.open);
    for (const workbook of [there!, altered!]) eventing.emit(await upload(eventing.ports, workbook));
    await eventing.idle();
    const both = { released: [there!, altered!] };
    expect(await account(site, both)).toEqual({ lost: [], doubled: [], wrong: [] });

    const missed = await account(site, { released: [there!, altered!, gone!] });
    expect(missed.lost).toContain(`release on main: ${gone!.version}`);
    expect(missed.lost.filter((what) => what.startsWith('published row')).length).toBeGreaterThan(100);
    const extra = await account(site, { released: [there!] });
    expect(extra.wrong).toContain(`release on main: ${altered!.version} should not be there`);

    const { bus, curveTopic } = eventing.ports;
    const rows = [];
    for await (const { value } of bus.read(curveTopic)) rows.push(value);
    await bus.publish(curveTopic, 'by hand', [rows[0]!, { ...rows[1]!, value: rows[1]!.value + 1 }]);
    const spoilt = await account(site, both);
    expect(spoilt.doubled).toHaveLength(2);
    expect(spoilt.wrong).toHaveLength(1);
  } finally {
    await site.close();
  }
});
