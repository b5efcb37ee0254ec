/** Ingest and QA: drop a workbook, watch it go through the stages, see what its cells were taken for and why it is red. */
import { h } from '../dom.ts';
import type { View } from '../market/view.ts';
import { go, link, place } from '../place.ts';
import { region } from '../region.ts';
import { api, type Me } from '../session.ts';
import { type Delivery, deliveriesTable, isUnderWay } from './deliveries.ts';
import { deliveryPanel } from './delivery.ts';
import { dropZone } from './drop-zone.ts';
import { hotfixesTable, hotfixPanel, isWaiting } from './hotfixes.ts';

const POLL_BUSY_MS = 700;
const POLL_IDLE_MS = 10_000;
const LISTED = 200;
/** After an upload or a decision: its event is on the way and changes the delivery soon, or waits for the sweep. */
const AWAIT_MS = 60_000;

export function ingestView(me: Me): View {
  const list = region();
  const corrections = region();
  const spokenStatus = h('p', { class: 'unseen', role: 'status' });
  const awaited = new Map<string, { readonly stage: string | undefined; readonly until: number }>();
  const detail = deliveryPanel(me, ({ source_key, stage }) => follow(source_key, stage));
  const zone = dropZone(me.permissions.includes('ingest:write'), (key) => {
    go(link({ key }));
    follow(key, undefined);
  });
  const fix = hotfixPanel(me, () => void refresh());
  const element = h(
    'div',
    { class: 'stack' },
    h('h1', { class: 'unseen' }, 'Ingest'),
    zone,
    corrections.element,
    fix.element,
    list.element,
    detail.element,
    spokenStatus,
  );
  let timer: number | undefined;
  let drawn = '';

  function follow(key: string, stage: string | undefined): void {
    awaited.set(key, { stage, until: Date.now() + AWAIT_MS });
    void refresh();
  }

  function isAwaiting(data: readonly Delivery[]): boolean {
    for (const [key, { stage, until }] of awaited) {
      const now = data.find(({ source_key }) => source_key === key)?.stage;
      if (now !== stage || Date.now() > until) awaited.delete(key);
    }
    return awaited.size > 0;
  }

  /** The one that is followed, for those who hear the page: not the whole table at each change. */
  function say(chosen: Delivery | undefined): void {
    const text = chosen === undefined ? '' : `${chosen.file}: ${chosen.stage}`;
    if (spokenStatus.textContent !== text) spokenStatus.textContent = text;
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    if (!element.isConnected) {
      timer = undefined;
      return;
    }
    let wait_ms = POLL_IDLE_MS;
    await list.load('deliveries', async (signal) => {
      const [{ data }, { data: hotfixes }] = await Promise.all([
        api.get('/v1/ingest', { limit: LISTED }, { signal }),
        api.get('/v1/hotfixes', {}, { signal }),
      ]);
      if (signal.aborted) return null;
      const waiting = new Set(hotfixes.filter(isWaiting).map(({ version }) => version));
      const isBusy = (one: Delivery) => isUnderWay(one) && !waiting.has(one.version ?? '');
      if (isAwaiting(data) || data.some(isBusy)) wait_ms = POLL_BUSY_MS;
      const { parameters } = place();
      const [key, version, shown] = ['key', 'fix', 'show'].map((name) => parameters.get(name));
      const chosen = data.find(({ source_key }) => source_key === key);
      say(chosen);
      detail.show(chosen, waiting);
      fix.show(version ?? undefined, hotfixes.find((one) => one.version === version)?.state);
      const text = JSON.stringify([data, hotfixes, key, version, shown]);
      if (text === drawn && list.element.firstElementChild !== null) return [...list.element.childNodes];
      drawn = text;
      corrections.show(hotfixesTable(hotfixes, version ?? undefined));
      return deliveriesTable(data, key ?? undefined, shown ?? null, waiting);
    });
    timer = setTimeout(() => void refresh(), wait_ms);
  }

  return { element, update: () => void refresh() };
}
