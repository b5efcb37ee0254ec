/** The desk where workbooks come in: dropped, watched, held, overridden and corrected, by the people who may. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DAY,
  type DeskSite,
  deskSite,
  drop,
  poll,
  SKIPPED,
  signIn,
  switchRole,
  untilStage,
} from './desk-site.ts';

describe.skipIf(SKIPPED)(`ingest on the desk${SKIPPED ? `: ${SKIPPED}` : ''}`, () => {
  let desk: DeskSite;
  beforeAll(async () => {
    desk = await deskSite({ AURUM_HOTFIX_APPROVAL: 'true' });
  }, 180_000);
  afterAll(() => desk?.close());

  const ingest = async (role: string) => {
    const visit = await desk.visit();
    await signIn(visit.page, role);
    await visit.page.getByRole('link', { name: 'Ingest' }).click();
    return visit;
  };

  test('a workbook that is dropped goes through the stages before the eyes, up to the map of its cells', async () => {
    const { page, complaints } = await ingest('ops');
    const file = await drop(page, 'pw', '2025-09-15');
    await untilStage(page, file, 'published');
    await page.getByText('Suites of the gate').first().waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Draw the coverage map' }).click();
    const map = page.frameLocator('iframe');
    await map.getByRole('heading', { name: file }).waitFor();
    // Drawn by its own script, which the page's policy lets run.
    const width = async () => Number(await map.locator('canvas').first().getAttribute('width'));
    await poll(width).toBeGreaterThan(300);
    expect(complaints).toEqual([]);
  });

  test('a red workbook takes two people, and its prices say for good that it was let pass', async () => {
    const { page } = await ingest('ops');
    const file = await drop(page, 'pw', '2025-09-16', { corrupt: 'crossed-bid-ask' });
    await page.getByRole('region', { name: 'Why it is held' }).waitFor({ timeout: 40_000 });
    await page.getByLabel('Deliveries shown').selectOption('red');
    await poll(() =>
      page.getByRole('region', { name: 'Deliveries, newest first' }).locator('tbody tr').count(),
    ).toBe(1);
    await page.getByLabel('Reason').fill('the broker confirmed it');
    await page.getByRole('button', { name: 'Propose to override' }).click();
    await page.getByRole('region', { name: 'Decisions' }).waitFor();
    await page.getByText('You sent it: somebody else approves it.').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await page.getByLabel('Deliveries shown').selectOption('all');
    await switchRole(page, 'admin');
    await page.getByLabel('Reason').fill('I looked too');
    await page.getByRole('button', { name: 'Approve' }).click();
    await untilStage(page, file, 'published');
    await page.getByRole('link', { name: 'Market' }).click();
    await page.getByLabel(/^As-of day of/).selectOption('2025-09-16');
    await page.locator('td a.price').nth(3).click();
    const verdict = page.locator('.chain .overridden');
    expect(await verdict.textContent()).toBe('red, overridden by two people');
    expect(await page.locator('.chain').textContent()).toMatch(
      /the broker confirmed it.*opsApproved byadmin/s,
    );
    const colour = await verdict.evaluate(
      'getComputedStyle(document.querySelector(".chain .overridden")).color',
    );
    const ofThe = (name: string) =>
      page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--${name}')`);
    expect([await ofThe('up'), await ofThe('down')]).not.toContain(colour);
  });

  test('a corrected file waits with the list of what it changes, until somebody else lets it in', async () => {
    const { page, complaints } = await ingest('ops');
    const file = await drop(page, 'eugp', DAY, { seed: 9 });
    await untilStage(page, file, 'waiting');
    await page.getByRole('link', { name: 'See what it changes' }).click();
    const impact = page.getByRole('region', { name: 'What the correction changes' });
    await impact.getByText('This correction waits for approval: 1 approval missing.').waitFor();
    expect(await impact.textContent()).toMatch(
      /Rows before[\d,]+Rows after[\d,]+Changed[\d,]+.*Curves touched/,
    );
    expect(
      await impact.getByRole('region', { name: 'Curves touched' }).locator('tbody tr').count(),
    ).toBeGreaterThan(10);
    // Of seven thousand strips the API names five hundred: no number may pass for one of all.
    const made = await impact.getByRole('region', { name: 'Made from what it replaces' }).textContent();
    expect(made).toMatch(/strip.*at least \d+ curves/);
    expect(await impact.textContent()).toMatch(/the first 500 of [\d,]{5,} are known by name/);
    await impact.getByText('Sent by ops, who may not approve it.').waitFor();
    expect(await impact.getByRole('button', { name: 'Approve the correction' }).count()).toBe(0);
    expect(complaints).toEqual([]);
    await switchRole(page, 'admin');
    await impact.getByLabel('Reason').fill('the broker sent both');
    await impact.getByRole('button', { name: 'Approve the correction' }).click();
    await poll(() => impact.locator('strong').first().textContent()).toMatch(/approved|merged|released/);
    await untilStage(page, file, 'published');
    await poll(() => page.locator('.hotfixes tbody tr').first().textContent()).toContain('merged');
    await poll(() => impact.textContent()).toMatch(/Sent by ops\./);
    await impact.getByRole('heading', { name: 'Decisions' }).waitFor();
  });

  test('what is no workbook is refused in words, with its code', async () => {
    const { page } = await ingest('ops');
    const buffer = Buffer.from('no workbook');
    const choose = (name: string) => page.locator('#workbooks').setInputFiles({ name, mimeType: '', buffer });
    await choose('EOD_PW_20250912_1430.xlsx');
    expect(await page.getByRole('alert').textContent()).toMatch(/is no .xlsx workbook.*body_invalid/);
    await choose('prices.pdf');
    await page.getByText('prices.pdf is no .xlsx workbook and was not sent').waitFor();
    expect(await page.getByLabel('As-of day of prices.pdf').count()).toBe(0);
    await choose('prices.xlsx');
    expect(await page.getByLabel('As-of day of prices.xlsx').isVisible()).toBe(true);
  });

  test('an analyst uploads nothing and decides nothing', async () => {
    const { page } = await ingest('analyst');
    await page.getByText('uploaded by the roles ops and admin').waitFor();
    await page.getByRole('region', { name: 'Deliveries, newest first' }).waitFor();
    expect(await page.locator('#workbooks').count()).toBe(0);
  });
});
