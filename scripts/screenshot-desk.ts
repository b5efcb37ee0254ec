/**
 * `node scripts/screenshot-desk.ts [DIR]`: pictures of the desk of a running `npm start`, into `docs/`; of one with two
 * market days or more, that there is something to compare. With `--time` no pictures: how long after the address was asked
 * for the chart can be seen, in a browser that knows nothing and in one that was there before, as Markdown on stdout.
 * Chromium's path is AURUM_CHROMIUM; the site's address AURUM_API_URL.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const SITE = process.env.AURUM_API_URL ?? 'http://127.0.0.1:3000';
const CHROMIUM = process.env.AURUM_CHROMIUM ?? '/usr/bin/chromium';
const ROUNDS = 10;

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

async function toTheChart(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('.chart canvas').waitFor();
  await page.waitForLoadState('networkidle');
}

/** To where a newcomer gets: the first curve, and the cell behind one of its points. */
async function toTheCell(page: Page): Promise<void> {
  await toTheChart(page);
  await page.locator('td a.price').nth(8).click();
  await page.locator('.sheet td.it').waitFor();
}

async function strips(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/strips`);
  await page.locator('.board table').first().waitFor();
}

async function compared(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/market`);
  const add = page.locator('.chips .add a');
  await add.waitFor();
  await add.click();
  await page.locator('.bars rect').first().waitFor();
}

async function delivery(page: Page): Promise<void> {
  await page.goto(`${SITE}/#/ingest`);
  await page.getByRole('region', { name: 'Deliveries, newest first' }).getByRole('link').first().click();
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
  ['desk-phone.png', { ...PHONE, colorScheme: 'light' }, toTheChart],
  ['desk-compare.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell, compared],
  ['desk-strips.png', { ...DESKTOP, colorScheme: 'dark' }, toTheCell, strips],
  ['desk-ingest.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell, delivery],
  ['desk-scenario.png', { ...DESKTOP, colorScheme: 'light' }, toTheCell, scenario],
  ['desk-ppa.png', { ...DESKTOP, colorScheme: 'dark' }, toTheCell, valuation],
];

async function pictures(browser: Browser, folder: string): Promise<void> {
  for (const [file, options, ...steps] of SHOTS) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on('console', (line) => {
      const isUnknownCaller = line.text().includes('401'); // Who am I, asked before signing in.
      if (line.type() === 'error' && !isUnknownCaller) process.stderr.write(`${file}: ${line.text()}\n`);
    });
    page.on('pageerror', (error) => void process.stderr.write(`${file}: ${error.message}\n`));
    await page.goto(SITE);
    for (const step of steps)
      await step(page).catch((error: Error) => process.stderr.write(`${file}: ${error.message}\n`));
    await page.screenshot({ path: join(folder, file) });
    await context.close();
  }
}

/** Until the chart is on the screen, by the browser's own clock since the navigation began. */
async function untilChart_ms(page: Page): Promise<number> {
  const marked = await page.waitForFunction(() => performance.getEntriesByName('chart')[0]?.startTime);
  return (await marked.jsonValue()) as number;
}

interface Visit {
  readonly cold_ms: number;
  readonly warm_ms: number;
  readonly bytes: number;
}

/** A browser without anything of the desk but somebody's token, then the same one again. */
async function visit(browser: Browser, token: string): Promise<Visit> {
  const context = await browser.newContext(DESKTOP);
  await context.addInitScript(`sessionStorage.setItem('aurum-token', ${JSON.stringify(token)})`);
  const page = await context.newPage();
  let bytes = 0;
  page.on('requestfinished', async (request) => {
    bytes += (await request.sizes()).responseBodySize;
  });
  await page.goto(SITE);
  const cold_ms = await untilChart_ms(page);
  const sent = bytes;
  await page.reload();
  const warm_ms = await untilChart_ms(page);
  await context.close();
  return { cold_ms, warm_ms, bytes: sent };
}

async function times(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  await page.goto(SITE);
  await toTheCell(page); // The server has read its files.
  const token = (await page.evaluate(`sessionStorage.getItem('aurum-token')`)) as string;
  const visits: Visit[] = [];
  for (let round = 0; round < ROUNDS; round++) visits.push(await visit(browser, token));
  const row = (name: string, of_ms: (visit: Visit) => number) => {
    const sorted = visits.map(of_ms).sort((a, b) => a - b);
    return `| ${name} | ${Math.round(sorted[ROUNDS / 2]!)} | ${Math.round(sorted.at(-1)!)} |\n`;
  };
  process.stdout.write('| from the address to the chart, ms | median | most |\n|---|---|---|\n');
  process.stdout.write(
    row('empty cache', ({ cold_ms }) => cold_ms) + row('there before', ({ warm_ms }) => warm_ms),
  );
  process.stdout.write(
    `\n${Math.round(visits[0]!.bytes / 1_000)} kB sent up to the chart, prices included.\n`,
  );
}

const { values, positionals } = parseArgs({ options: { time: { type: 'boolean' } }, allowPositionals: true });
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
try {
  if (values.time === true) await times(browser);
  else await pictures(browser, positionals[0] ?? join(import.meta.dirname, '../docs'));
} finally {
  await browser.close();
}
