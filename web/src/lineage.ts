/** Where a price comes from: down to the cell in its sheet, and on to what is made of it. */
import { type Answer, AurumProblem, type Row } from '../../client/aurum.ts';
import { type Child, h } from './dom.ts';
import { clock, counted, monthName, referenceOf, spoken, unitName } from './format.ts';
import type { Point } from './market/view.ts';
import { fresh, linkTo } from './place.ts';
import { emptyView, intoSight, type Region, region } from './region.ts';
import { api } from './session.ts';

type Lineage = Row<'GET /v1/lineage'>;
type Cells = Answer<'GET /v1/ingest/cells'>;

export interface LineagePanel {
  readonly element: HTMLElement;
  show(point: Point | undefined): void;
}

/** @param closed hears that who worked in it is left without a place. */
export function lineagePanel(closed: () => void): LineagePanel {
  const part = region({ class: 'lineage' });
  let shown = '';
  return {
    element: part.element,
    show(point) {
      if (point === undefined) {
        const isLeft = part.element.contains(document.activeElement);
        shown = '';
        part.show();
        if (isLeft) closed();
        return;
      }
      const { curve_key, tenor_type, contract_month, tenor_label, asof_date: asof } = point.row;
      const query = {
        curve_key,
        vendor: point.vendor,
        tenor_type,
        contract_month: contract_month.slice(0, 7),
        tenor_label,
        asof,
      };
      const text = JSON.stringify(query);
      if (text === shown) return;
      shown = text;
      part.show();
      const loaded = part.load('where the price comes from', async (signal) => {
        const { data } = await api.get('/v1/lineage', { ...query, verify: 'true' }, { signal });
        const found = data[0];
        return found === undefined ? emptyView('Nothing is known of this price.') : panel(found);
      });
      void loaded.then(() => intoSight(part.element));
    },
  };
}

function panel(lineage: Lineage): HTMLElement {
  const { value } = lineage;
  const month = value.tenor_type === 'MONTHLY' ? monthName(value.contract_month) : value.tenor_label;
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Lineage' },
    h(
      'div',
      { class: 'panel-head' },
      h(
        'h2',
        { role: 'status' },
        `Where ${month} = ${value.value} comes from`,
        h('span', { class: 'quiet' }, ` ${unitName(value)}`),
      ),
      h('a', { ...linkTo({ point: undefined }), class: 'remove', 'aria-label': 'Close the lineage' }, '×'),
    ),
    h('ol', { class: 'chain' }, steps(lineage)),
  );
}

function steps(lineage: Lineage): HTMLElement[] {
  const { value, release, workbook, gate, event_log, downstream } = lineage;
  return [
    cellStep(lineage),
    step('Workbook', workbook.file, [
      ['Object', path(workbook.key)],
      ['Version', workbook.version_id && short(workbook.version_id, 13)],
      ['sha256', short(workbook.sha256, 16)],
      [
        'Bytes',
        workbook.unchanged === undefined
          ? null
          : workbook.unchanged
            ? 'as released'
            : h('strong', { class: 'down' }, 'CHANGED since the release'),
      ],
    ]),
    gateStep(gate),
    step('Release', release.version, [
      ['Known from', clock(release.known_at)],
      ['Current', release.superseded_by === null ? 'yes' : `no, replaced by ${release.superseded_by}`],
      ['Lake commit', short(release.lake_commit, 24)],
      ['Data file', path(release.data_file)],
    ]),
    step('Event log', event_log.topic, [
      ['Record key', short(event_log.key, 16)],
      ['Position', event_log.position ?? null],
      ['Published', event_log.published_at === null ? 'not yet' : clock(event_log.published_at)],
    ]),
    downstreamStep(referenceOf({ ...value, vendor: release.vendor }), downstream),
  ];
}

const VERDICTS = {
  green: { class: 'up', said: 'green' },
  red: { class: 'down', said: 'red' },
  overridden: { class: 'overridden', said: 'red, overridden by two people' },
} as const;

/** Green, red, or red and let pass: three different things to who relies on the price. */
export function verdictView(verdict: NonNullable<Lineage['gate']>['verdict']): HTMLElement {
  const { class: look, said } = VERDICTS[verdict];
  return h('span', { class: look }, said);
}

function gateStep(gate: Lineage['gate']): HTMLElement {
  if (gate === null) return step('Gate', 'no result kept', []);
  const { verdict, summary, checked_at, warnings, override } = gate;
  const about = warnings.map(({ rule, expectation }) => rule ?? expectation).join('; ');
  return step('Gate', verdictView(verdict), [
    ['Said', spoken(summary)],
    ['Checked', clock(checked_at)],
    ['On this curve', about || 'no warning'],
    ['Let pass', override?.expectations.map(({ rule }) => rule).join('; ')],
    ['Because', override?.reason],
    ['Proposed by', override?.author],
    ['Approved by', override?.approver],
  ]);
}

function downstreamStep(
  curve: string,
  { strips, scenarios = [], valuations = [], rule }: Lineage['downstream'],
): HTMLElement {
  const names = [...new Set(strips.map(({ tenor_label }) => tenor_label))];
  const counts = [
    counted(names.length, 'strip'),
    ...(scenarios.length > 0 ? [counted(scenarios.length, 'scenario run')] : []),
    ...(valuations.length > 0 ? [counted(valuations.length, 'valuation')] : []),
  ];
  return step('Made of it', counts.join(', '), [
    [
      'Strips',
      names.length > 0 && [names.join(', '), ' ', h('a', { href: fresh('strips', { curve }) }, 'Show')],
    ],
    ['Derived', strips.some(({ strip_source }) => strip_source === 'derived') && rule],
    [
      'Scenarios',
      scenarios.length > 0 &&
        linked(scenarios, ({ run_id, scenario, state }) => [
          h('a', { href: fresh('scenarios', { run: run_id }) }, scenario),
          ` ${state}`,
        ]),
    ],
    [
      'Valuations',
      valuations.length > 0 &&
        linked(valuations, ({ valuation_hash, contract, valuation_date }) => [
          h('a', { href: fresh('ppa', { valuation: valuation_hash }) }, contract),
          ` ${valuation_date}`,
        ]),
    ],
  ]);
}

const LISTED = 5;

function linked<One>(all: readonly One[], lineOf: (one: One) => Child): Child {
  const more = all.length - LISTED;
  return [all.slice(0, LISTED).map((one) => h('p', {}, lineOf(one))), more > 0 && `and ${more} more`];
}

const short = (text: string, length: number): Child =>
  text.length <= length ? text : h('span', { title: text }, `${text.slice(0, length)}…`);

/** Broken where a folder ends, so that it can be read. */
const path = (text: string): Child =>
  text.split('/').flatMap((part, at) => (at === 0 ? [part] : ['/', h('wbr'), part]));

function step(name: string, head: Child, facts: readonly (readonly [string, Child])[]): HTMLElement {
  const told = facts.filter(([, fact]) => fact !== null && fact !== false && fact !== undefined);
  return h(
    'li',
    {},
    h('h3', {}, name),
    h('p', { class: 'lead' }, head),
    h(
      'dl',
      {},
      told.map(([term, fact]) => h('div', {}, h('dt', {}, term), h('dd', {}, fact))),
    ),
  );
}

/** The cell itself, among its neighbours. */
function cellStep({ cells, workbook }: Lineage): HTMLElement {
  const around = region({ class: 'cells' });
  const { mid, bid_ask } = cells;
  showCells(around, workbook.key, workbook.version_id, mid.address);
  const sides = bid_ask === null || bid_ask.address === mid.address ? [mid] : [mid, bid_ask];
  const said = sides.map((cell, at): [string, Child] => [
    at === 0 ? 'Mid' : 'Bid, ask',
    [
      cellButton(cell.address, () => showCells(around, workbook.key, workbook.version_id, cell.address)),
      ' ',
      held(cell),
    ],
  ]);
  return h(
    'li',
    { class: 'wide' },
    h('h3', {}, 'Cell'),
    h('p', { class: 'lead' }, mid.address),
    h(
      'dl',
      {},
      said.map(([term, fact]) => h('div', {}, h('dt', {}, term), h('dd', {}, fact))),
    ),
    around.element,
  );
}

const cellButton = (address: string, onclick: () => void) =>
  h('button', { type: 'button', class: 'link', onclick, title: 'Show it in its sheet' }, address);

function held({ raw }: Lineage['cells']['mid']): Child {
  if (raw === undefined) return null;
  const verdict = raw.agrees
    ? h('span', { class: 'up' }, 'agrees')
    : h('strong', { class: 'down' }, 'DOES NOT AGREE');
  return [h('span', { class: 'quiet' }, ` ${raw.kind} `), h('code', {}, raw.text), ' ', verdict];
}

function showCells(part: Region, key: string, version_id: string | null, cell: string): void {
  void part.load('the sheet', async (signal) => {
    const query = { key, cell, ...(version_id === null ? {} : { version_id }) };
    const answer = await api.get('/v1/ingest/cells', query, { signal }).catch(notAllowed);
    return answer === undefined ? null : cellsView(answer);
  });
}

/** A workbook is not for everybody who may see one of its prices. */
function notAllowed(error: unknown): undefined {
  if (error instanceof AurumProblem && error.problem.status === 403) return undefined;
  throw error;
}

function cellsView({ meta, data }: Cells): HTMLElement {
  return h(
    'div',
    {
      class: 'table sheet',
      tabindex: 0,
      role: 'region',
      'aria-label': `Cells of ${meta.sheet} around ${meta.cell}`,
    },
    h(
      'table',
      {},
      h('caption', {}, meta.sheet),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', {}),
          data.columns.map((letter) => h('th', { scope: 'col' }, letter)),
        ),
      ),
      h(
        'tbody',
        {},
        data.rows.map(({ row, cells }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, row),
            cells.map(({ kind, text }, at) => {
              const isIt = `${data.columns[at]}${row}` === meta.cell;
              return h(
                'td',
                {
                  class: `${kind}${isIt ? ' it' : ''}`,
                  title: text,
                  'aria-current': isIt ? 'true' : undefined,
                },
                text,
              );
            }),
          ),
        ),
      ),
    ),
  );
}
