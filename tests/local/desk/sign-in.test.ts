/** Signing in where an identity provider vouches for people: through the proxy before the desk, or with a token of one's own. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type DeskSite, deskSite, poll, SKIPPED, signIn } from './desk-site.ts';
import { identityProvider, type Provider, type ProxyOptions, signInProxy } from './identity-provider.ts';

describe.skipIf(SKIPPED)(`sign-in${SKIPPED ? `: ${SKIPPED}` : ''}`, () => {
  let provider: Provider;
  let desk: DeskSite;
  beforeAll(async () => {
    provider = await identityProvider();
    desk = await deskSite({
      AURUM_OIDC_ISSUER: provider.issuer,
      AURUM_TOKEN: await provider.token(['aurum-admin']), // Of whoever drops the generated workbooks.
    });
  }, 180_000);
  afterAll(async () => {
    await desk?.close();
    await provider?.close();
  });

  async function proxy(options: Partial<ProxyOptions> = {}) {
    const made = await signInProxy({
      api: desk.site.api,
      provider,
      withoutSession: 'refuse',
      groups: ['aurum-analyst'],
      ...options,
    });
    onTestFinished(() => made.close());
    return made;
  }

  const letIn = (page: Page) => page.getByRole('link', { name: 'Let me in' }).click();
  const chart = (page: Page) => page.locator('.chart canvas').waitFor();

  test('behind the proxy one signs in at the provider, and the desk asks for nothing more', async () => {
    const { url } = await proxy();
    const { page, complaints } = await desk.visit({}, url);
    await letIn(page);
    await chart(page);
    expect(await page.locator('.who').textContent()).toContain('analyst');
    expect(await page.getByTitle('jane@example.com, tenant house').count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Switch role' }).count()).toBe(0);
    await page.getByRole('link', { name: 'PPA' }).click();
    await page.getByRole('button', { name: 'Value' }).click();
    await page.getByRole('region', { name: 'Waterfall' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test.each(['refuse', 'redirect'] as const)(
    'a session that ended is said, and signing in again leads back to what was looked at (the proxy: %s)',
    async (withoutSession) => {
      const { url, endSessions } = await proxy({ withoutSession });
      const { page, complaints } = await desk.visit({}, url);
      await letIn(page);
      await chart(page);
      await page.getByRole('link', { name: 'Calendar' }).click();
      await page.getByText('Bal 2025').first().waitFor();
      const before = page.url();
      endSessions();
      await page.getByRole('link', { name: 'Strips' }).click();
      expect(await page.getByRole('alert').textContent()).toBe('Your session has ended.');
      expect(await page.getByRole('radio').count()).toBe(0);
      await page.goBack();
      await page.getByRole('button', { name: 'Sign in there' }).click();
      await letIn(page);
      await chart(page);
      expect(page.url()).toBe(before);
      expect(complaints).toEqual([]);
    },
  );

  test('somebody whose groups give no role is told so, and is not asked to choose one', async () => {
    const { url } = await proxy({ groups: ['marketing'] });
    const { page } = await desk.visit({}, url);
    await letIn(page);
    expect(await page.getByRole('alert').textContent()).toMatch(
      /The desk cannot be used so.*access_forbidden/,
    );
  });

  test('without a proxy an access token of the provider opens the desk; a wrong one does not', async () => {
    const { page } = await desk.visit();
    // On the machine itself it cannot be told apart from one that vouches for people: it says so when it is asked.
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('With an access token instead').click();
    const given = page.getByLabel('Access token');
    await given.fill('not.a.token');
    await page.getByRole('button', { name: 'Use the token' }).click();
    await poll(() => page.getByRole('heading', { name: 'Sign in' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('With an access token instead').click();
    await given.fill(`Bearer ${await provider.token(['aurum-admin'])}`);
    await page.getByRole('button', { name: 'Use the token' }).click();
    await chart(page);
    expect(await page.locator('.who').textContent()).toContain('admin');
  });
});

describe.skipIf(SKIPPED)(`roles on one machine${SKIPPED ? `: ${SKIPPED}` : ''}`, () => {
  let desk: DeskSite;
  beforeAll(async () => {
    desk = await deskSite();
  }, 180_000);
  afterAll(() => desk?.close());

  test('an unknown curve is said to be unknown, and so is an unknown tenant', async () => {
    const { page } = await desk.visit();
    await signIn(page, 'analyst');
    await page.goto(`${desk.site.api}/#/market?curve=${'0'.repeat(64)}`);
    await page.getByText('No curve has this key').waitFor();
    await page.getByRole('button', { name: 'Switch role' }).click();
    await page.getByRole('radio', { name: 'tenant' }).check();
    await page.getByLabel('Tenant', { exact: true }).fill('nobody');
    await page.getByRole('button', { name: 'Continue' }).click();
    // Nobody has registered it: the reason, the remedy, and another try.
    expect(await page.getByRole('alert').textContent()).toMatch(/not registered.*tenant_forbidden/);
    expect(await page.getByLabel('Tenant', { exact: true }).inputValue()).toBe('nobody');
    expect(await page.getByRole('radio', { name: 'tenant' }).isChecked()).toBe(true);
    await page.getByRole('radio', { name: 'analyst' }).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: 'Strips' }).waitFor();
  });

  test('a token that no longer holds leads back to the choice of a role, and from there to what was looked at', async () => {
    const { page } = await desk.visit();
    await signIn(page, 'analyst');
    await page.evaluate(`sessionStorage.setItem('aurum-token', 'no.longer.good')`);
    await page.getByRole('link', { name: 'Strips' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('Your session has ended.');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Quoted less derived').first().waitFor();
  });
});
