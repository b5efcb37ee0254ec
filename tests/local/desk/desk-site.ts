/** A started site with the desk, and Chromium before it: each test gets a page of its own. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { ensureDesk } from '../../../scripts/build-web.ts';

const CHROMIUM = process.env.AURUM_CHROMIUM ?? '/usr/bin/chromium';
export const DAY = '2025-09-12';
export const SKIPPED = existsSync(CHROMIUM) ? false : `no Chromium at ${CHROMIUM} (AURUM_CHROMIUM)`;
/** On a busy machine a workbook takes its time through the stages. */
const STAGES_MS = 40_000;

export interface Visit {
  readonly page: Page;
  /** Errors of the page and its console, but for what a test expects. */
  readonly complaints: string[];
}

export interface DeskSite {
  readonly site: Started;
  readonly home: string;
  /** @param url the site's own when left out. */
  visit(options?: BrowserContextOptions, url?: string): Promise<Visit>;
  close(): Promise<void>;
}

export async function deskSite(settings: NodeJS.ProcessEnv = {}): Promise<DeskSite> {
  const home = mkdtempSync(join(tmpdir(), 'aurum-desk-'));
  await ensureDesk();
  const site = await start(home, { ...(await sitePorts()), ...settings }, ['--as-of', DAY]);
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  return {
    site,
    home,
    async visit(options = {}, url = site.api) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => void complaints.push(error.message));
      page.on('console', (line) => {
        const isUnknownCaller = line.text().includes('401'); // Who am I, asked before signing in.
        if (line.type() === 'error' && !isUnknownCaller) complaints.push(line.text());
      });
      await page.goto(url);
      return { page, complaints };
    },
    async close() {
      await browser.close();
      await site.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** As a newcomer does it, up to the chart. */
export async function signIn(page: Page, role = 'admin'): Promise<void> {
  await page.getByRole('radio', { name: role }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('.chart canvas').waitFor();
}

export async function switchRole(page: Page, role: string): Promise<void> {
  await page.getByRole('button', { name: 'Switch role' }).click();
  await page.getByRole('radio', { name: role }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Drops a generated workbook onto the Ingest view that is shown. @returns its name. */
export async function drop(page: Page, ...sample: Parameters<typeof sampleFile>): Promise<string> {
  const { file, bytes } = await sampleFile(...sample);
  await page.locator('#workbooks').setInputFiles({ name: file, mimeType: '', buffer: Buffer.from(bytes) });
  return file;
}

export async function untilStage(page: Page, file: string, stage: string): Promise<void> {
  const deliveries = page.getByRole('region', { name: 'Deliveries, newest first' });
  const own = deliveries.locator('tbody tr', { hasText: file }).first();
  await own.getByText(stage, { exact: true }).waitFor({ timeout: STAGES_MS });
}

export const poll = (ask: () => Promise<unknown>) => expect.poll(ask, { timeout: 10_000 });
