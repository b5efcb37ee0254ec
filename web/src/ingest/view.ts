/** Ingest and QA: drop a workbook, watch it go through the stages, see what its cells were taken for and why it is red. */
import { h } from '../dom.ts';
import type { View } from '../market/view.ts';
import { go, link, place } from '../place.ts';
import { region } from '../region.ts';
import { api, type Me } from '../session.ts';
import { deliveriesTable, isUnderWay } from './deliveries.ts';
import { deliveryPanel } from './delivery.ts';
import { dropZone } from './drop-zone.ts';

const POLL_BUSY_MS = 700;
const POLL_IDLE_MS = 10_000;
const LISTED = 200;

export function ingestView(me: Me): View {
  const list = region({ 'aria-live': 'polite' });
  const detail = deliveryPanel(me);
  const zone = dropZone(me.permissions.includes('ingest:write'), (key) => {
    go(link({ key }));
    void refresh();
  });
  const element = h('div', { class: 'stack wide-page' }, zone, list.element, detail.element);
  let timer: number | undefined;
  let drawn = '';

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    if (!element.isConnected) {
      timer = undefined;
      return;
    }
    let wait_ms = POLL_IDLE_MS;
    await list.load('deliveries', async (signal) => {
      const { data } = await api.get('/v1/ingest', { limit: LISTED }, { signal });
      if (data.some(isUnderWay)) wait_ms = POLL_BUSY_MS;
      const { parameters } = place();
      const key = parameters.get('key') ?? undefined;
      detail.show(data.find(({ source_key }) => source_key === key));
      const text = JSON.stringify([data, key]);
      if (text === drawn && list.element.firstElementChild !== null) return [...list.element.childNodes];
      drawn = text;
      return deliveriesTable(data, key);
    });
    timer = setTimeout(() => void refresh(), wait_ms);
  }

  return { element, update: () => void refresh() };
}
