/** Every delivery with how far it is. */
import type { Row } from '../../../client/aurum.ts';
import { h } from '../dom.ts';
import { clock, spoken } from '../format.ts';
import { go, link, linkTo } from '../place.ts';
import { emptyView } from '../region.ts';
import { table } from '../table.ts';

export type Delivery = Row<'GET /v1/ingest'>;

const STAGES = ['raw', 'staged', 'gated', 'released', 'published'] as const;
const ENDS: readonly Delivery['stage'][] = ['published', 'quarantined', 'refused'];
/** Longer without a new stage: it waits for the sweep, and asking often does not help it. */
const STALE_AFTER_MS = 120_000;

export const isUnderWay = ({ stage, at }: Delivery): boolean =>
  !ENDS.includes(stage) && Date.now() - Date.parse(at) < STALE_AFTER_MS;

const SHOWN = {
  all: ['all', () => true],
  red: ['held or refused', (delivery: Delivery) => isRed(delivery)],
  open: ['under way or waiting', ({ stage }: Delivery) => !ENDS.includes(stage)],
} as const;
type Shown = keyof typeof SHOWN;

/** @param waiting versions of those that wait for the approval of a correction. */
export function deliveriesTable(
  deliveries: readonly Delivery[],
  key: string | undefined,
  chosen: string | null,
  waiting: ReadonlySet<string>,
): HTMLElement {
  const shown: Shown = chosen !== null && Object.hasOwn(SHOWN, chosen) ? (chosen as Shown) : 'all';
  const rows = deliveries.filter(SHOWN[shown][1]);
  return h(
    'section',
    { class: 'panel' },
    h('div', { class: 'panel-head' }, h('h2', {}, 'Deliveries'), deliveries.length > 0 && shownSelect(shown)),
    deliveries.length === 0
      ? emptyView('Nothing has arrived yet. Drop a workbook above, or put one into the bucket.')
      : rows.length === 0
        ? emptyView('None of them.', h('a', linkTo({ show: undefined }), 'Show all'))
        : listOf(rows, key, waiting),
  );
}

const shownSelect = (shown: Shown): HTMLElement =>
  h(
    'select',
    {
      'aria-label': 'Deliveries shown',
      onchange: ({ target }: Event) => {
        const { value } = target as HTMLSelectElement;
        go(link({ show: value === 'all' ? undefined : value }));
      },
    },
    Object.entries(SHOWN).map(([value, [name]]) => h('option', { value, selected: value === shown }, name)),
  );

const listOf = (deliveries: readonly Delivery[], key: string | undefined, waiting: ReadonlySet<string>) =>
  table(
    'Deliveries, newest first',
    [
      { head: 'Workbook', text: true },
      { head: 'Stage', text: true },
      { head: 'As of', text: true },
      { head: 'Vendor', text: true },
      { head: 'Said', text: true },
      { head: 'At', text: true },
    ],
    deliveries.map((delivery) => ({
      selected: delivery.source_key === key,
      cells: [
        h('a', linkTo({ key: delivery.source_key }), delivery.file),
        stages(delivery, waiting),
        delivery.asof_date,
        delivery.vendor?.toUpperCase(),
        h(
          'span',
          { class: `said${isRed(delivery) ? ' down' : ''}`, title: spoken(delivery.detail) },
          spoken(delivery.detail),
        ),
        clock(delivery.at),
      ],
    })),
  );

export const isRed = ({ stage, status }: Delivery): boolean =>
  status === 'red' || stage === 'quarantined' || stage === 'refused';

/** Five steps, filled as far as it came; red where it was held, and of its own colour where people are waited for. */
export function stages(delivery: Delivery, waiting: ReadonlySet<string>): HTMLElement {
  const { stage, version } = delivery;
  const isWaiting = version !== null && waiting.has(version);
  const held = stage === 'quarantined' ? 2 : stage === 'refused' ? 1 : undefined;
  const reached = held ?? STAGES.indexOf(stage as (typeof STAGES)[number]);
  return h(
    'span',
    {
      class: `stages${isRed(delivery) ? ' red' : isWaiting ? ' waits' : isUnderWay(delivery) ? ' running' : ''}`,
    },
    STAGES.map((_, at) => h('i', { class: at <= reached ? 'on' : '' })),
    isWaiting
      ? h('span', { title: 'A correction that waits for approval' }, 'waiting')
      : h('span', {}, stage),
  );
}
