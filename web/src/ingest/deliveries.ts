/** Every delivery with how far it is. */
import type { Row } from '../../../client/aurum.ts';
import { h } from '../dom.ts';
import { clock } from '../format.ts';
import { linkTo } from '../place.ts';
import { emptyView } from '../region.ts';
import { table } from '../table.ts';

export type Delivery = Row<'GET /v1/ingest'>;

const STAGES = ['raw', 'staged', 'gated', 'released', 'published'] as const;
const ENDS: readonly Delivery['stage'][] = ['published', 'quarantined', 'refused'];
/** Longer without a new stage: it waits for the sweep, and asking often does not help it. */
const STALE_AFTER_MS = 120_000;

export const isUnderWay = ({ stage, at }: Delivery): boolean =>
  !ENDS.includes(stage) && Date.now() - Date.parse(at) < STALE_AFTER_MS;

export function deliveriesTable(deliveries: readonly Delivery[], key: string | undefined): HTMLElement {
  if (deliveries.length === 0) return emptyView('Nothing has arrived yet.');
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'Deliveries'),
    table(
      'Deliveries, newest first',
      [
        { head: 'Workbook', text: true },
        { head: 'As of', text: true },
        { head: 'Vendor', text: true },
        { head: 'Stage', text: true },
        { head: 'Said', text: true },
        { head: 'At', text: true },
      ],
      deliveries.map((delivery) => ({
        selected: delivery.source_key === key,
        cells: [
          h('a', linkTo({ key: delivery.source_key }), delivery.file),
          delivery.asof_date,
          delivery.vendor?.toUpperCase(),
          stages(delivery),
          h(
            'span',
            { class: `said${isRed(delivery) ? ' down' : ''}`, title: delivery.detail },
            delivery.detail,
          ),
          clock(delivery.at),
        ],
      })),
    ),
  );
}

export const isRed = ({ stage, status }: Delivery): boolean =>
  status === 'red' || stage === 'quarantined' || stage === 'refused';

/** Five steps, filled as far as it came; red where it was held. */
export function stages(delivery: Delivery): HTMLElement {
  const { stage } = delivery;
  const held = stage === 'quarantined' ? 2 : stage === 'refused' ? 1 : undefined;
  const reached = held ?? STAGES.indexOf(stage as (typeof STAGES)[number]);
  return h(
    'span',
    { class: `stages${isRed(delivery) ? ' red' : ''}${isUnderWay(delivery) ? ' running' : ''}` },
    STAGES.map((_, at) => h('i', { class: at <= reached ? 'on' : '' })),
    h('span', {}, stage),
  );
}
