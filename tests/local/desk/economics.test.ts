/** The desk's charts of strips, scenarios and contracts, and the exports. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DeskSite, deskSite, poll, SKIPPED, signIn } from './desk-site.ts';

/** As a run on 90 released days has it. */
const COVERAGE = {
  level: 0.9,
  coverage: 0.731,
  binomial_error: 0.064,
  moves: 22,
  contracts: 2_638,
  curves: 2,
  from: '2025-08-12',
  to: '2025-09-12',
  lowest: { curve_key: '0'.repeat(64), coverage: 0.702 },
};

describe.skipIf(SKIPPED)(`economics on the desk${SKIPPED ? `: ${SKIPPED}` : ''}`, () => {
  let desk: DeskSite;
  beforeAll(async () => {
    desk = await deskSite();
  }, 180_000);
  afterAll(() => desk?.close());

  test('strips say by which rule they are derived, and the rule is chosen', async () => {
    const { page, complaints } = await desk.visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'Strips' }).click();
    await page.getByText('Derived strips: plain mean of its months').waitFor();
    const calendar = page.getByRole('region', { name: 'Calendar: quoted and derived' }).locator('tbody tr');
    const before = await calendar.allTextContents();
    expect(before.filter((row) => row.startsWith('Bal 2025'))).toHaveLength(1);
    await page.getByLabel('Rule of derived strips').selectOption('hour_weighted');
    await page.getByText('weighted by their hours of delivery (ON_PEAK of PJM)').waitFor();
    expect(page.url()).toContain('rule=hour_weighted');
    expect(await calendar.allTextContents()).not.toEqual(before);
    // A curve that has no hours says so, and what was done instead.
    await page.getByRole('searchbox').fill('EUA');
    await page.getByRole('link', { name: 'Look among all curves.' }).click(); // The finder was set to power.
    await page.locator('.found li a', { hasText: 'EUA' }).first().click();
    await page.getByText('plain mean of its months from the as-of month on: it has no hours').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a scenario is run and shown as a fan with what each assumption adds, then compared with another', async () => {
    const { page, complaints } = await desk.visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'Scenarios' }).click();
    await page.getByRole('button', { name: 'Create and run' }).click();
    await page.getByRole('region', { name: 'Prices of the run' }).waitFor();
    expect(await page.getByRole('columnheader').allTextContents()).toEqual(
      expect.arrayContaining(['P05', 'P95']),
    );
    expect(await page.locator('.legend').allTextContents()).toEqual([
      'scenarioP05 to P95P25 to P75base',
      'load_growth',
    ]);
    await page.getByText('Coverage of the band is not known. Volatilities were given').waitFor();
    await page.getByLabel('Begin with').selectOption('fleet_change');
    await page.getByRole('button', { name: 'Create and run' }).click();
    await page.getByText('fleet change').first().waitFor();
    await page.getByRole('link', { name: 'compare' }).first().click();
    await page.getByRole('region', { name: 'Difference of the two runs' }).waitFor();
    await page.getByRole('heading', { name: 'fleet change less load growth' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('what is no JSON is said so with its line, and not sent', async () => {
    const { page, complaints } = await desk.visit();
    await signIn(page, 'analyst');
    let sent = 0;
    page.on('request', (request) => {
      sent += request.method() === 'POST' ? 1 : 0;
    });
    await page.getByRole('link', { name: 'Scenarios' }).click();
    const scenario = page.getByLabel('Scenario: assumptions in any order');
    await scenario.fill('{\n  "name": "no comma"\n  "assumptions": []\n}');
    await page.getByRole('button', { name: 'Create and run' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(
      /Nothing was sentThe text is no JSON, line 3, column 3: Expected.*body_invalid · Scenario/,
    );
    expect(sent).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('a run that is not there is said so', async () => {
    const { page } = await desk.visit();
    await signIn(page, 'analyst');
    await page.goto(`${desk.site.api}/#/scenarios?run=00000000-0000-4000-8000-000000000000`);
    await poll(() => page.getByRole('alert').textContent()).toMatch(/Could not load the run.*run_not_found/);
  });

  test('a run with held-out days says what share of them its band held, and when not to believe it', async () => {
    const { page } = await desk.visit();
    await signIn(page, 'analyst');
    await page.route('**/v1/scenarios/runs?*', async (route) => {
      const answer = await route.fetch();
      const { meta, data } = (await answer.json()) as { meta: object; data: object[] };
      await route.fulfill({ json: { meta, data: data.map((run) => ({ ...run, band_coverage: COVERAGE })) } });
    });
    await page.getByRole('link', { name: 'Scenarios' }).click();
    await page.getByRole('button', { name: 'Create and run' }).click();
    const coverage = page.getByRole('group', { name: 'Coverage of the band on held-out days' });
    await coverage.waitFor();
    expect(await coverage.textContent()).toMatch(
      /made for 90.0 %73.1 % ± 6.4 %.*2025-08-12 to 2025-09-12, 22 moves.*2,638 of 2 curves.*70.2 %.*do not take/,
    );
  });

  test('a contract is valued: figures, waterfall, spread of the value, cashflows; a wrong term is named by its path', async () => {
    const { page } = await desk.visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'PPA' }).click();
    await page.getByRole('button', { name: 'Value' }).click();
    for (const name of ['Waterfall', 'NPV risk', 'Cashflows by delivery month']) {
      await page.getByRole('region', { name }).waitFor();
    }
    expect(await page.locator('dl.facts').textContent()).toMatch(/NPV, EUR−?[\d,]{5,}IRR a year/);
    await page.getByRole('link', { name: 'this curve' }).first().waitFor();
    const cashflows = page.getByRole('region', { name: 'Cashflows by delivery month' });
    await cashflows.getByRole('link').first().click();
    await page.getByRole('region', { name: 'Lineage', exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('region', { name: 'Cashflows by delivery month' }).waitFor();
    const request = page.getByLabel('Contract, market and options');
    await request.fill((await request.inputValue()).replace('"buyer"', '"nobody"'));
    await page.getByRole('button', { name: 'Value' }).click();
    await poll(() => page.getByRole('alert').textContent()).toMatch(/body_invalid.*contract.direction/);
  });

  test('an export is made, listed, and its files are the bytes that were signed', async () => {
    const { page, complaints } = await desk.visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'Exports' }).click();
    await page.getByLabel('Asset class').selectOption('carbon');
    await page.getByLabel('Format').selectOption('csv');
    await page.getByRole('button', { name: 'Export' }).click();
    const files = page.getByRole('region', { name: 'Files of the export', exact: true }).first();
    await files.waitFor();
    await page.getByRole('row', { name: /asset_class carbon csv/ }).waitFor();
    const saved = async (name: RegExp) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        files.getByRole('button', { name }).click(),
      ]);
      return readFileSync(await download.path(), 'utf8');
    };
    const manifest = JSON.parse(await saved(/manifest/)) as { files: { bytes: number }[] };
    expect(Buffer.byteLength(await saved(/\.csv/))).toBe(manifest.files[0]!.bytes);
    expect(complaints).toEqual([]);
  });
});
