/**
 * The desk in Chromium, as a newcomer meets it: from `npm start` to a chart, to the workbook cell behind a point, and a
 * workbook of one's own through the stages. Chromium's path is AURUM_CHROMIUM.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { ensureDesk } from '../../scripts/build-web.ts';

const CHROMIUM = process.env.AURUM_CHROMIUM ?? '/usr/bin/chromium';
const DAY = '2025-09-12';
const MAX_LOAD_MS = 1_000;
const MAX_BYTES = 250_000;
const CURVE = 'asset_class=power&iso=PJM&market=West&block=ON_PEAK';

const skipped = existsSync(CHROMIUM) ? false : `no Chromium at ${CHROMIUM} (AURUM_CHROMIUM)`;

describe.skipIf(skipped)(`the desk${skipped ? `: ${skipped}` : ''}`, () => {
  const home = mkdtempSync(join(tmpdir(), 'aurum-desk-'));
  let site: Started;
  let browser: Browser;

  beforeAll(async () => {
    await ensureDesk();
    site = await start(home, await sitePorts(), ['--as-of', DAY]);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** A page of its own; whatever the browser complains of fails the test. */
  async function visit(options: Parameters<Browser['newContext']>[0] = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => void complaints.push(error.message));
    page.on('console', (line) => {
      const isUnknownCaller = line.text().includes('401'); // Who am I, asked before signing in.
      if (line.type() === 'error' && !isUnknownCaller) complaints.push(line.text());
    });
    await page.goto(site.api);
    return { page, complaints };
  }

  async function signIn(page: Page, role = 'admin'): Promise<void> {
    await page.getByRole('radio', { name: role }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('.chart canvas').waitFor();
  }

  test('one click after the address there is a forward curve, and one more shows the cell behind a price', async () => {
    const { page, complaints } = await visit();
    await signIn(page);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('PJM · West');
    await page.locator('.chart .u-over').click({ position: { x: 120, y: 100 } });
    const cell = page.locator('.sheet td.it');
    await cell.waitFor();
    const point = new URLSearchParams(page.url().split('?')[1]).get('point')!;
    const answer = await site.get(`/v1/curves?${CURVE}&asof=${DAY}&tenor_type=MONTHLY`);
    const { data } = (await answer.json()) as {
      data: { contract_month: string; value: number; source_cell: string }[];
    };
    const row = data.find(({ contract_month }) => `0:${contract_month}` === point)!;
    expect(await cell.textContent()).toBe(String(row.value));
    expect(await page.locator('.chain .lead').first().textContent()).toBe(row.source_cell);
    expect(await page.locator('.chain').textContent()).toMatch(/agrees.*as released.*green/s);
    expect(complaints).toEqual([]);
  });

  test('it is there within a second, in few bytes, compressed and kept for good', async () => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(site.api); // The server has read its files.
    let bytes = 0;
    page.on('requestfinished', async (request) => {
      bytes += (await request.sizes()).responseBodySize;
    });
    const began_ms = performance.now();
    await page.reload();
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    expect(performance.now() - began_ms).toBeLessThan(MAX_LOAD_MS);
    expect(bytes).toBeLessThan(MAX_BYTES);
    const script = await page.locator('script[src]').getAttribute('src');
    const asset = await fetch(site.api + script, { headers: { 'accept-encoding': 'br' } });
    expect(Object.fromEntries(asset.headers)).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
  });

  test('by keyboard alone: to a point of the chart, and to where it comes from', async () => {
    const { page } = await visit();
    await signIn(page);
    await page.locator('.chart').focus();
    for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await page.locator('.sheet td.it').waitFor();
    expect(await page.locator('.readout').textContent()).toContain('Nov 25');
    expect(await page.locator('tr[aria-current]').count()).toBe(1);
    await page.getByRole('link', { name: 'Close the lineage' }).press('Enter');
    await expect.poll(() => page.locator('.sheet').count()).toBe(0);
  });

  test('an address brings back what it showed, once one has signed in', async () => {
    const { page } = await visit();
    await signIn(page);
    await page.getByRole('searchbox').fill('german base power');
    await page.locator('.found li a', { hasText: 'German · power · BASE' }).first().click();
    await page
      .getByRole('link', { name: 'Quarters' })
      .or(page.getByRole('link', { name: 'Seasons' }))
      .first()
      .click();
    await expect.poll(() => page.url()).toMatch(/tenor=/);
    const { page: other } = await visit();
    await other.goto(page.url());
    await signIn(other);
    await expect
      .poll(() => other.getByRole('heading', { level: 1 }).textContent())
      .toContain('German · power · BASE');
    expect(await other.getByRole('searchbox').inputValue()).toBe('german base power');
  });

  test('every view has what a screen reader needs: one heading or named regions, names on all controls', async () => {
    const { page, complaints } = await visit();
    await signIn(page);
    for (const view of ['market', 'strips', 'scenarios', 'ppa', 'ingest']) {
      await page.goto(`${site.api}/#/${view}`);
      await page.waitForLoadState('networkidle');
      const unnamed = await page.evaluate(`
        [...document.querySelectorAll('main input, main select, main button, main a, main textarea, main svg[role], main .chart, main .table')]
          .filter((one) => !one.hidden && one.checkVisibility())
          .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length || one.title))
          .map((one) => one.outerHTML.slice(0, 120))`);
      expect(unnamed).toEqual([]);
      expect(await page.locator('main').count()).toBe(1);
      expect(await page.locator('nav a[aria-current=page]').count()).toBe(1);
    }
    expect(complaints).toEqual([]);
  });

  test('on a phone nothing is wider than the screen', async () => {
    const { page } = await visit({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await signIn(page);
    await page.locator('td a.price').first().click();
    await page.locator('.sheet td.it').waitFor();
    for (const view of ['', '/#/strips', '/#/scenarios', '/#/ppa', '/#/ingest']) {
      if (view !== '') await page.goto(site.api + view);
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    }
  });

  test('a scenario is run and shown as a fan with what each assumption adds, then compared with another', async () => {
    const { page, complaints } = await visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'Scenarios' }).click();
    await page.getByRole('button', { name: 'Create and run' }).click();
    await page.getByRole('region', { name: 'Prices of the run' }).waitFor();
    expect(await page.getByRole('columnheader').allTextContents()).toEqual(
      expect.arrayContaining(['P05', 'P95']),
    );
    await page.getByLabel('Begin with').selectOption('fleet_change');
    await page.getByRole('button', { name: 'Create and run' }).click();
    await page.getByText('fleet change').first().waitFor();
    await page.getByRole('link', { name: 'compare' }).first().click();
    await page.getByRole('region', { name: 'Difference of the two runs' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('a contract is valued: figures, waterfall, spread of the value, cashflows; a wrong term is named by its path', async () => {
    const { page } = await visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'PPA' }).click();
    await page.getByRole('button', { name: 'Value' }).click();
    for (const name of ['Waterfall', 'NPV risk', 'Cashflows by delivery month']) {
      await page.getByRole('region', { name }).waitFor();
    }
    const request = page.getByLabel('Contract, market and options');
    await request.fill((await request.inputValue()).replace('"buyer"', '"nobody"'));
    await page.getByRole('button', { name: 'Value' }).click();
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toMatch(/body_invalid.*contract.direction/);
  });

  test('a workbook that is dropped goes through the stages before the eyes, up to the map of its cells', async () => {
    const { page, complaints } = await visit();
    await signIn(page, 'ops');
    await page.getByRole('link', { name: 'Ingest' }).click();
    const { file, bytes } = await sampleFile('pw', '2025-09-15');
    await page.locator('#workbooks').setInputFiles({ name: file, mimeType: '', buffer: Buffer.from(bytes) });
    const own = page.locator('tbody tr', { hasText: file });
    await own.getByText('published', { exact: true }).waitFor({ timeout: 40_000 });
    await page.getByText('Suites of the gate').first().waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Draw the coverage map' }).click();
    const map = page.frameLocator('iframe');
    await map.getByRole('heading', { name: file }).waitFor();
    // Drawn by its own script, which the page's policy lets run.
    const width = async () => Number(await map.locator('canvas').first().getAttribute('width'));
    await expect.poll(width).toBeGreaterThan(300);
    expect(complaints).toEqual([]);
  });

  test('a red workbook shows why, and takes two people: one proposes, another approves', async () => {
    const { page } = await visit();
    await signIn(page, 'ops');
    await page.getByRole('link', { name: 'Ingest' }).click();
    const { file, bytes } = await sampleFile('pw', '2025-09-16', { corrupt: 'crossed-bid-ask' });
    await page.locator('#workbooks').setInputFiles({ name: file, mimeType: '', buffer: Buffer.from(bytes) });
    await page.getByRole('region', { name: 'Why it is held' }).waitFor({ timeout: 40_000 });
    await page.getByLabel('Reason').fill('the broker confirmed it');
    await page.getByRole('button', { name: 'Propose to override' }).click();
    await page.getByRole('region', { name: 'Decisions' }).waitFor();
    await page.getByLabel('Reason').fill('I looked too');
    await page.getByRole('button', { name: 'Approve' }).click();
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/Not decided.*forbidden|conflict/);
    await page.getByRole('button', { name: 'Switch role' }).click();
    await page.getByRole('radio', { name: 'admin' }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Reason').fill('I looked too');
    await page.getByRole('button', { name: 'Approve' }).click();
    const own = page.locator('tbody tr', { hasText: file });
    await own.getByText('published', { exact: true }).waitFor({ timeout: 40_000 });
  });

  test('what is no workbook is refused in words, with its code', async () => {
    const { page } = await visit();
    await signIn(page, 'ops');
    await page.getByRole('link', { name: 'Ingest' }).click();
    const buffer = Buffer.from('no workbook');
    await page
      .locator('#workbooks')
      .setInputFiles({ name: 'EOD_PW_20250912_1430.xlsx', mimeType: '', buffer });
    expect(await page.getByRole('alert').textContent()).toMatch(/is no .xlsx workbook.*body_invalid/);
    await page.locator('#workbooks').setInputFiles({ name: 'prices.xlsx', mimeType: '', buffer });
    expect(await page.getByLabel('As-of day of prices.xlsx').isVisible()).toBe(true);
  });

  test('an analyst uploads nothing, an unknown curve is said to be unknown, and so is an unknown tenant', async () => {
    const { page } = await visit();
    await signIn(page, 'analyst');
    await page.getByRole('link', { name: 'Ingest' }).click();
    await page.getByText('uploaded by the roles ops and admin').waitFor();
    await page.goto(`${site.api}/#/market?curve=${'0'.repeat(64)}`);
    await page.getByText('No curve has this key').waitFor();
    await page.getByRole('button', { name: 'Switch role' }).click();
    await page.getByRole('radio', { name: 'tenant' }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    // Nobody has registered it: the reason, the remedy, and another try.
    expect(await page.getByRole('alert').textContent()).toMatch(/not registered.*tenant_forbidden/);
    await page.getByRole('radio', { name: 'analyst' }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: 'Strips' }).waitFor();
  });

  test('dark and light follow the system until somebody says otherwise', async () => {
    const { page } = await visit({ colorScheme: 'dark' });
    const theme = () => page.evaluate('document.documentElement.dataset.theme');
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Light colours' }).click();
    await page.reload();
    expect(await theme()).toBe('light');
  });
});
