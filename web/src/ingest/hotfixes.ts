/** Corrections of released curves: which there are, what each changes and whom it touches, and who lets it in. */
import type { Answer, Body, Row } from '../../../client/aurum.ts';
import { type Child, h } from '../dom.ts';
import { count, counted, monthName } from '../format.ts';
import { fact } from '../market/diff.ts';
import { fresh, linkTo } from '../place.ts';
import { intoSight, region } from '../region.ts';
import { api } from '../session.ts';
import { table } from '../table.ts';
import { type Choice, decideForm } from './decide-form.ts';
import { decisionsTable } from './decisions.ts';

export type Hotfix = Row<'GET /v1/hotfixes'>;
type Impact = Answer<'GET /v1/releases/{version}/impact'>;
type Decision = Body<'POST /v1/releases/{version}/decisions'>;

const STATES: Readonly<Record<Hotfix['state'], string>> = {
  waiting: 'waits for approval',
  merging: 'is being merged',
  approved: 'is approved and being merged',
  rejected: 'is rejected',
  merged: 'is released',
};

export const isWaiting = ({ state }: Hotfix): boolean => state === 'waiting';

/** Those that wait first; nothing where nothing was ever corrected. */
export function hotfixesTable(hotfixes: readonly Hotfix[], version: string | undefined): Child {
  if (hotfixes.length === 0) return null;
  const sorted = hotfixes.toSorted((a, b) => Number(isWaiting(b)) - Number(isWaiting(a)));
  const waiting = hotfixes.filter(isWaiting).length;
  return h(
    'section',
    { class: 'panel hotfixes' },
    h('h2', {}, 'Corrections of released days', h('span', { class: 'quiet' }, ` ${waiting} waiting`)),
    table(
      'Corrections of released days, those that wait first',
      [
        { head: 'Workbook', text: true },
        { head: 'State', text: true },
        { head: 'As of', text: true },
        { head: 'Vendor', text: true },
        { head: 'Changed' },
        { head: 'Added' },
        { head: 'Removed' },
        { head: 'Replaces', text: true },
      ],
      sorted.map((hotfix) => ({
        selected: hotfix.version === version,
        cells: [
          h('a', linkTo({ fix: hotfix.version }), hotfix.source_file),
          h('span', { class: stateClass(hotfix), title: `It ${STATES[hotfix.state]}` }, hotfix.state),
          hotfix.asof_date,
          hotfix.vendor.toUpperCase(),
          count(hotfix.rows.changed),
          count(hotfix.rows.added),
          count(hotfix.rows.removed),
          hotfix.supersedes,
        ],
      })),
    ),
  );
}

const stateClass = ({ state }: Hotfix) =>
  state === 'waiting' ? 'overridden' : state === 'rejected' ? 'down' : 'up';

export interface HotfixPanel {
  readonly element: HTMLElement;
  show(version: string | undefined, state: Hotfix['state'] | undefined): void;
}

/** @param decided hears of each decision. */
export function hotfixPanel(mayDecide: boolean, decided: () => void): HotfixPanel {
  const part = region({ class: 'impact' });
  let shown = '';
  const load = (version: string) =>
    part.load('what the correction changes', async (signal) => {
      const impact = await api.get('/v1/releases/{version}/impact', { version }, { signal });
      return impactView(impact, mayDecide, () => {
        void load(version);
        decided();
      });
    });
  return {
    element: part.element,
    show(version, state) {
      const text = `${version} ${state}`;
      if (text === shown) return;
      const isOther = !shown.startsWith(`${version} `);
      shown = text;
      if (version === undefined) part.show();
      else void load(version).then(() => isOther && intoSight(part.element));
    },
  };
}

function impactView({ meta, data }: Impact, mayDecide: boolean, decided: () => void): HTMLElement {
  const { rows, curve_count, strip_count, use_count } = data;
  const uses = Object.values(use_count).reduce((sum, of) => sum + of, 0);
  return h(
    'section',
    { class: 'panel', 'aria-label': 'What the correction changes' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, `${data.source_file} corrects ${data.asof_date}`),
      h('a', { ...linkTo({ fix: undefined }), class: 'remove', 'aria-label': 'Close the correction' }, '×'),
    ),
    standing(meta, data),
    h('dl', { class: 'facts' }, [
      fact('Rows before', count(rows.before)),
      fact('Rows after', count(rows.after)),
      fact('Changed', count(rows.changed)),
      fact('Added', count(rows.added)),
      fact('Removed', count(rows.removed)),
      fact('Curves touched', count(curve_count)),
      fact('Strips touched', count(strip_count)),
      fact('Made from it', count(uses)),
    ]),
    h('div', { class: 'columns' }, [curvesTable(data), usesTable(data)]),
    meta.decisions.length === 0 ? null : decisionsTable('Decisions on the correction', meta.decisions),
    mayDecide ? form(meta, decided) : null,
  );
}

function standing(
  { state, uploaded_by, approvals_missing }: Impact['meta'],
  data: Impact['data'],
): HTMLElement {
  const missing = state === 'waiting' ? `: ${counted(approvals_missing, 'approval')} missing` : '';
  const replaces = data.becomes_current ? `replaces ${data.supersedes}` : 'is older than what is current';
  const sender = uploaded_by ?? 'somebody unknown';
  return h(
    'p',
    {},
    h('strong', {}, `This correction ${STATES[state]}${missing}.`),
    ` On branch ${data.branch}, ${replaces}. Sent by ${sender}, who may not approve it.`,
  );
}

const LISTED = 100;

function curvesTable({ curves, asof_date }: Impact['data']): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, 'Curves touched'),
    table(
      'Curves touched',
      [{ head: 'Curve', text: true }, { head: 'Rows' }, { head: 'From' }, { head: 'To' }],
      curves
        .slice(0, LISTED)
        .map(({ curve_key, curve, changed, added, removed, contract_from, contract_to }) => ({
          cells: [
            h('a', { href: fresh('market', { curve: curve_key, asof: asof_date }) }, curve),
            count(changed + added + removed),
            monthName(contract_from),
            monthName(contract_to),
          ],
        })),
    ),
  );
}

const USES = { scenario_run: 'scenario run', valuation: 'valuation', export: 'export' } as const;

function usesTable({ uses, strips }: Impact['data']): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, 'Made from what it replaces'),
    table(
      'Made from what it replaces',
      [
        { head: 'What', text: true },
        { head: 'Which', text: true },
        { head: 'Of', text: true },
      ],
      [
        ...uses.map(({ kind, id, tenant }) => ({
          cells: [USES[kind], h('span', { class: 'long', title: id }, id), tenant],
        })),
        ...stripRows(strips),
      ].slice(0, LISTED),
    ),
  );
}

/** Strips by name: each curve has its own. */
function stripRows(strips: Impact['data']['strips']) {
  const named = Map.groupBy(strips, ({ tenor_label, strip_source }) => `${tenor_label}, ${strip_source}`);
  return [...named].map(([name, own]) => ({ cells: ['strip', name, `${counted(own.length, 'curve')}`] }));
}

const CHOICES: readonly Choice<Decision>[] = [
  { label: 'Approve the correction', body: (reason) => ({ decision: 'approve', reason }) },
  { label: 'Reject it', body: (reason) => ({ decision: 'reject', reason }) },
];

function form({ version, state }: Impact['meta'], decided: () => void): HTMLElement | null {
  if (state !== 'waiting') return null;
  return decideForm(CHOICES, async (decision) => {
    await api.post('/v1/releases/{version}/decisions', { version }, decision);
    decided();
  });
}
