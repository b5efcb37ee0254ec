/**
 * `node scripts/screenshot-desk.ts [DIR]`: pictures of the desk of a running `npm start`, into `docs/`. Chromium's path is
 * AURUM_CHROMIUM; the site's address AURUM_API_URL.
 */
import { join } from 'node:path';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const SITE = process.env.AURUM_API_URL ?? 'http://127.0.0.1:3000';
const CHROMIUM = process.env.AURUM_CHROMIUM ?? '/usr/bin/chromium';
const FOLDER = process.argv[2] ?? join(import.meta.dirname, '../docs');

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** To where a newcomer gets: the first curve, and the cell behind one of its points. */
async function toTheCell(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('.chart canvas').waitFor();
  await page.locator('td a.price').nth(8).click();
  await page.locator('.sheet td.it').waitFor();
}

const open = (view: string) => async (page: Page) => {
  await page.goto(`${SITE}/#/${view}`);
  await page.waitForLoadState('networkidle');
};

async function compared(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/market`);
  const add = page.locator('.chips .add a');
  await add.waitFor();
  await add.click();
  await page.locator('.bars rect').first().waitFor();
}

async function delivery(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/ingest`);
  await page.locator('td a, th a').first().click();
  await page.getByRole('button', { name: 'Draw the coverage map' }).click();
  await page.locator('iframe').waitFor();
  await page.waitForTimeout(1_500);
}

async function scenario(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/scenarios`);
  await page.getByRole('button', { name: 'Create and run' }).click();
  await page.locator('.bars rect').first().waitFor();
}

async function valuation(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/ppa`);
  await page.getByRole('button', { name: 'Value' }).click();
  await page.locator('.bars rect').first().waitFor();
}

type Shot = readonly [
  file: string,
  options: BrowserContextOptions,
  ...steps: ((page: Page) => Promise<void>)[],
];

const SHOTS: readonly Shot[] = [
  ['desk.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell],
  ['desk-dark.png', { ...DESKTOP, colorScheme: 'dark' }, toTheCell],
  ['desk-phone.png', { ...PHONE, colorScheme: 'light' }, toTheCell],
  ['desk-compare.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell, compared],
  ['desk-strips.png', { ...DESKTOP, colorScheme: 'dark' }, toTheCell, open('strips')],
  ['desk-ingest.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell, delivery],
  ['desk-scenario.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell, scenario],
  ['desk-ppa.png', { ...DESKTOP, colorScheme: 'dark' }, toTheCell, valuation],
];

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
try {
  for (const [file, options, ...steps] of SHOTS) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on('console', (line) => {
      if (line.type() === 'error') process.stderr.write(`${file}: ${line.text()}\n`);
    });
    page.on('pageerror', (error) => void process.stderr.write(`${file}: ${error.message}\n`));
    await page.goto(SITE);
    for (const step of steps)
      await step(page).catch((error: Error) => process.stderr.write(`${file}: ${error.message}\n`));
    await page.screenshot({ path: join(FOLDER, file) });
    await context.close();
  }
} finally {
  await browser.close();
}
