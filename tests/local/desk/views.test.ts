/**
 * The desk in Chromium, as a newcomer meets it: from `npm start` to a chart and to the workbook cell behind a point, by
 * mouse, by keyboard alone, on a phone, in both themes. Chromium's path is AURUM_CHROMIUM.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faintTexts } from './contrast.ts';
import { DAY, type DeskSite, deskSite, poll, SKIPPED, signIn } from './desk-site.ts';

const MAX_LOAD_MS = 1_000;
const MAX_BYTES = 250_000;
const CURVE = 'asset_class=power&iso=PJM&market=West&block=ON_PEAK';
const VIEWS = ['market', 'strips', 'scenarios', 'ppa', 'exports', 'ingest'];
const DIST = join(import.meta.dirname, '../../../web/dist');

describe.skipIf(SKIPPED)(`the desk${SKIPPED ? `: ${SKIPPED}` : ''}`, () => {
  let desk: DeskSite;
  beforeAll(async () => {
    desk = await deskSite();
  }, 180_000);
  afterAll(() => desk?.close());

  const show = async (page: Page, view: string) => {
    await page.goto(`${desk.site.api}/#/${view}`);
    await page.waitForLoadState('networkidle');
  };

  test('one click after the address there is a forward curve, and one more shows the cell behind a price', async () => {
    const { page, complaints } = await desk.visit();
    await signIn(page);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('PJM · West');
    // What to do next is said where the eye is.
    await page.getByText('Click a point, or a price in the table, to see the workbook cell').waitFor();
    await page.locator('.chart .u-over').click({ position: { x: 120, y: 100 } });
    const cell = page.locator('.sheet td.it');
    await cell.waitFor();
    const point = new URLSearchParams(page.url().split('?')[1]).get('point')!;
    const answer = await desk.site.get(`/v1/curves?${CURVE}&asof=${DAY}&tenor_type=MONTHLY`);
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
    const { page } = await desk.visit(); // The server has read its files.
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
    const asset = await fetch(desk.site.api + script, { headers: { 'accept-encoding': 'br' } });
    expect(Object.fromEntries(asset.headers)).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
  });

  test('all of the desk, compressed, is less than 250 kB', () => {
    const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.gz'),
    );
    expect(files.length).toBeGreaterThan(2);
    const total = files.reduce((sum, name) => sum + statSync(join(DIST, name)).size, 0);
    expect(total).toBeLessThan(MAX_BYTES);
  });

  test('by the keyboard alone, from the address: in, to a point of the chart, to its cell, and back', async () => {
    const { page } = await desk.visit();
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    await page.keyboard.press('Enter'); // It has the focus.
    await page.locator('.chart canvas').waitFor();
    await page.waitForLoadState('networkidle');
    const isOnChart = () => page.evaluate(`document.activeElement.className === 'chart'`);
    let stops = 0;
    for (; stops < 40 && !(await isOnChart()); stops++) await page.keyboard.press('Tab');
    expect(stops).toBeLessThan(25); // A hundred curves are listed before it.
    for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await page.locator('.sheet td.it').waitFor();
    expect(await page.locator('.readout').textContent()).toContain('Nov 25');
    expect(await page.locator('tr[aria-current]').count()).toBe(1);
    await page.getByRole('link', { name: 'Close the lineage' }).press('Enter');
    await poll(() => page.locator('.sheet').count()).toBe(0);
    expect(await isOnChart()).toBe(true);
  });

  test('lists are one stop of the tab key, walked by the arrow keys', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    const prices = page.getByRole('region', { name: 'Prices of the chart' });
    await prices.focus();
    const focused = () =>
      page.evaluate('document.activeElement.closest("tr")?.querySelector("th").textContent');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Sep 25');
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
    expect(await focused()).toBe('Oct 25');
    await page.keyboard.press('Enter');
    await page.locator('.sheet td.it').waitFor();
    expect(await focused()).toBe('Oct 25');
    await page.keyboard.press('Tab');
    expect(await focused()).toBeUndefined();
  });

  test('an address brings back what it showed, once one has signed in', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    await page.getByRole('searchbox').fill('german base power');
    await page.locator('.found li a', { hasText: 'German · power · BASE' }).first().click();
    await page
      .getByRole('link', { name: 'Quarters' })
      .or(page.getByRole('link', { name: 'Seasons' }))
      .first()
      .click();
    await poll(async () => page.url()).toMatch(/tenor=/);
    const { page: other } = await desk.visit();
    await other.goto(page.url());
    await signIn(other);
    await poll(() => other.getByRole('heading', { level: 1 }).textContent()).toContain(
      'German · power · BASE',
    );
    expect(await other.getByRole('searchbox').inputValue()).toBe('german base power');
  });

  test('the first curve is one of those the finder is set to, and any where that finds none', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    const heading = () => page.locator('.board h1').textContent();
    await page.goto(`${desk.site.api}/#/market?q=crude`);
    await poll(heading).toMatch(/crude/i);
    await page.goto(`${desk.site.api}/#/market?q=nothing-is-called-that`);
    await poll(heading).toContain('PJM · West');
    await page.getByText('No curve is called that').waitFor();
  });

  test('beside the error of an unknown curve nothing of another one stays', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    await page.getByRole('searchbox').fill('pjm west');
    await poll(async () => page.url()).toContain('q=pjm');
    await page.locator('td a.price').first().click();
    await page.locator('.sheet td.it').waitFor();
    for (const [key, said] of [
      ['abc', 'curve_key'],
      ['0'.repeat(64), 'No curve has this key'],
    ]) {
      await page.goto(`${desk.site.api}/#/market?curve=${key}`);
      await poll(() => page.locator('.board').textContent()).toContain(said);
      expect(await page.locator('.lineage').textContent()).toBe('');
      expect(await page.getByRole('searchbox').inputValue()).toBe('');
    }
  });

  test('a curve that two vendors quote is shown as each of them quotes it', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    // The generated workbooks share no curve: a second vendor is put beside the first in what exists.
    await page.route(/\/v1\/curves\/dimensions\?.*curve_key=/, async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as { data: Record<'curves' | 'asof', { vendor: string }[]> };
      for (const list of [answer.data.curves, answer.data.asof]) {
        list.unshift(...list.map((one) => ({ ...one, vendor: 'aa' })));
      }
      await route.fulfill({ response, json: answer });
    });
    const asked: (string | null)[] = [];
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (['/v1/curves', '/v1/curves/strips', '/v1/lineage'].includes(pathname))
        asked.push(searchParams.get('vendor'));
    });
    const heading = () => page.getByRole('heading', { level: 1 }).textContent();
    await poll(async () => page.url()).toMatch(/curve=[0-9a-f]{64}\.pw/);
    const [reference, key] = /curve=(([0-9a-f]{64})\.pw)/.exec(page.url())!.slice(1);
    for (const [shown, vendor] of [
      [`${key}.aa`, 'aa'],
      [reference, 'pw'],
      [key, 'aa'],
    ]) {
      asked.length = 0;
      await page.goto(`${desk.site.api}/#/market?curve=${shown}`);
      await poll(heading).toContain(`· ${vendor!.toUpperCase()}`);
      await page.waitForLoadState('networkidle');
      expect(asked).toEqual([vendor]);
    }
    await page.goto(`${desk.site.api}/#/market?curve=${reference}`);
    await page.locator('td a.price').first().click();
    await page.locator('.sheet td.it').waitFor();
    await page.goto(`${desk.site.api}/#/strips?curve=${reference}`);
    await poll(heading).toContain('· PW');
    await poll(async () => asked.slice(-2)).toEqual(['pw', 'pw']);
  });

  test('the finder offers what else could be chosen, and all of it', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    const classes = page.getByLabel('Asset class');
    expect(await classes.inputValue()).toBe('power');
    const offered = await classes.locator('option').allTextContents();
    expect(offered[0]).toBe('All asset classes');
    expect(offered).toEqual(expect.arrayContaining([expect.stringMatching(/^gas \(\d+\)$/)]));
    await classes.selectOption('gas');
    await poll(() => page.locator('.found').textContent()).toContain('gas · ');
  });

  test('every view has what a screen reader needs: one heading or named regions, names on all controls', async () => {
    const { page, complaints } = await desk.visit();
    await signIn(page);
    for (const view of VIEWS) {
      await show(page, view);
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

  test('on a phone nothing is wider than the screen, and what was asked for is moved into sight', async () => {
    const { page } = await desk.visit({
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    await signIn(page);
    await page.locator('td a.price').first().click();
    await page.locator('.sheet td.it').waitFor();
    await poll(() =>
      page.evaluate(`document.querySelector('.lineage').getBoundingClientRect().top < innerHeight / 2`),
    ).toBe(true);
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBeLessThanOrEqual(360);
    for (const view of VIEWS) {
      await show(page, view);
      expect(await width(), view).toBeLessThanOrEqual(360);
    }
    const deliveries = page.getByRole('region', { name: 'Deliveries, newest first' });
    await deliveries.getByRole('link').first().click();
    await page.getByText('Suites of the gate').first().waitFor({ state: 'attached' });
    expect(await width()).toBeLessThanOrEqual(360);
  });

  test('texts stand out from what is behind them, in both themes', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await desk.visit({ colorScheme });
      expect(await faintTexts(page), `${colorScheme} sign-in`).toEqual([]);
      await signIn(page);
      await page.locator('td a.price').first().click();
      await page.locator('.sheet td.it').waitFor();
      expect(await faintTexts(page), `${colorScheme} lineage`).toEqual([]);
      for (const view of VIEWS) {
        await show(page, view);
        expect(await faintTexts(page), `${colorScheme} ${view}`).toEqual([]);
      }
      await page.evaluate(`document.querySelector('.brand').style.color = '#8888'`);
      expect(await faintTexts(page)).toHaveLength(1);
    }
  });

  test('what could not be loaded is said, and loaded when it is asked for again', async () => {
    const { page } = await desk.visit();
    await signIn(page);
    await page.route('**/v1/curves/strips*', (route) => route.abort());
    await page.getByRole('link', { name: 'Strips' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(/Could not load strips.*did not answer/);
    await page.unroute('**/v1/curves/strips*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Quoted less derived').first().waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('dark and light follow the system until somebody says otherwise', async () => {
    const { page } = await desk.visit({ colorScheme: 'dark' });
    const theme = () => page.evaluate('document.documentElement.dataset.theme');
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Light colours' }).click();
    await page.reload();
    expect(await theme()).toBe('light');
  });
});
