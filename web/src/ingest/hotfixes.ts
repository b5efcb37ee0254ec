/** Corrections of released curves: which there are, what each changes and whom it touches, and who lets it in. */
import type { Answer, Body, Row } from '../../../client/aurum.ts';
import { type Child, h } from '../dom.ts';
import { count, counted, monthName, referenceOf } from '../format.ts';
import { fact } from '../market/diff.ts';
import { fresh, linkTo } from '../place.ts';
import { intoSight, region } from '../region.ts';
import { api, type Me } from '../session.ts';
import { table } from '../table.ts';
import { type Choice, decideForm } from './decide-form.ts';
import { decisionsTable, isAmong } from './decisions.ts';

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
export function hotfixPanel(me: Me, decided: () => void): HotfixPanel {
  const part = region({ class: 'impact' });
  let shown = '';
  const load = (version: string) =>
    part.load('what the correction changes', async (signal) => {
      const impact = await api.get('/v1/releases/{version}/impact', { version }, { signal });
      return impactView(impact, me, () => {
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

function impactView({ meta, data }: Impact, me: Me, decided: () => void): HTMLElement {
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
    curve_count + strip_count + uses === 0
      ? h('p', {}, 'It changes no row, and nothing was made from what it replaces.')
      : h('div', { class: 'columns' }, [curvesTable(data), madeTable(data, uses)]),
    meta.decisions.length === 0
      ? null
      : [h('h3', {}, 'Decisions'), decisionsTable('Decisions on the correction', meta.decisions)],
    me.permissions.includes('quarantine:decide') ? form(meta, me, decided) : null,
  );
}

function standing(
  { state, uploaded_by, approvals_missing }: Impact['meta'],
  data: Impact['data'],
): HTMLElement {
  const missing = state === 'waiting' ? `: ${counted(approvals_missing, 'approval')} missing` : '';
  const replaces = data.becomes_current ? `replaces ${data.supersedes}` : 'is older than what is current';
  const sender = uploaded_by === null ? 'Who sent it is not known' : `Sent by ${uploaded_by}`;
  const rule = state === 'waiting' && uploaded_by !== null ? ', who may not approve it' : '';
  return h(
    'p',
    {},
    h('strong', {}, `This correction ${STATES[state]}${missing}.`),
    ` On branch ${data.branch}, ${replaces}. ${sender}${rule}.`,
  );
}

/** The API names so many of a list and counts the others: what is not all must not look as if it were. */
const cutNote = (listed: number, all: number): string =>
  listed < all ? `, the first ${count(listed)} of ${count(all)}` : '';

function curvesTable({ curves, curve_count, vendor, asof_date }: Impact['data']): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, `Curves touched${cutNote(curves.length, curve_count)}`),
    table(
      'Curves touched',
      [{ head: 'Curve', text: true }, { head: 'Rows' }, { head: 'From' }, { head: 'To' }],
      curves.map(({ curve_key, curve, changed, added, removed, contract_from, contract_to }) => ({
        cells: [
          h(
            'a',
            { href: fresh('market', { curve: referenceOf({ curve_key, vendor }), asof: asof_date }) },
            curve,
          ),
          count(changed + added + removed),
          monthName(contract_from),
          monthName(contract_to),
        ],
      })),
    ),
  );
}

const USES = { scenario_run: 'scenario run', valuation: 'valuation', export: 'export' } as const;

/** @param use_count of all uses, named or not. */
function madeTable({ uses, strips, strip_count }: Impact['data'], use_count: number): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, `Made from what it replaces${cutNote(uses.length, use_count)}`),
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
        ...stripRows(strips, strips.length < strip_count),
      ],
    ),
    strips.length < strip_count &&
      h(
        'p',
        { class: 'hint' },
        `Strips: the first ${count(strips.length)} of ${count(strip_count)} are known by name; a name may have more curves, and some names are missing.`,
      ),
  );
}

/** Strips by name: each curve has its own. Of a list that was cut the number of curves is the least there can be. */
function stripRows(strips: Impact['data']['strips'], isCut: boolean) {
  const named = Map.groupBy(strips, ({ tenor_label, strip_source }) => `${tenor_label}, ${strip_source}`);
  const least = isCut ? 'at least ' : '';
  return [...named].map(([name, own]) => ({ cells: ['strip', name, least + counted(own.length, 'curve')] }));
}

const APPROVE: Choice<Decision> = {
  label: 'Approve the correction',
  body: (reason) => ({ decision: 'approve', reason }),
};
const REJECT: Choice<Decision> = {
  label: 'Reject it',
  body: (reason) => ({ decision: 'reject', reason }),
};

/** Who sent it is not asked to approve it. */
function form(
  { version, state, uploaded_by }: Impact['meta'],
  { subject }: Me,
  decided: () => void,
): HTMLElement | null {
  if (state !== 'waiting') return null;
  const choices = isAmong(subject, uploaded_by) ? [REJECT] : [APPROVE, REJECT];
  return decideForm(choices, async (decision) => {
    await api.post('/v1/releases/{version}/decisions', { version }, decision);
    decided();
  });
}
