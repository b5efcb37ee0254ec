/** Market overview: a curve with its bid and ask, others and other days over it, the numbers beside it, the cell behind each. */

import { legend, lineChart, readout } from '../chart/line-chart.ts';
import { type Child, h } from '../dom.ts';
import { change, decimalsOf, monthName, price, TENOR_NAMES } from '../format.ts';
import { lineagePanel } from '../lineage.ts';
import { fresh, go, link, linkTo, place } from '../place.ts';
import { emptyView, region } from '../region.ts';
import { api, type Me } from '../session.ts';
import { type Column, type TableRow, table } from '../table.ts';
import { diffPanel } from './diff.ts';
import { finder, goToFirst, notEntitled, WHO_ENTITLES } from './finder.ts';
import {
  MAX_SERIES,
  monthsOf,
  overlayText,
  positionsOf,
  type Series,
  seriesOf,
  type TenorType,
  wantedOf,
} from './series.ts';

export interface View {
  readonly element: HTMLElement;
  update(): void;
}

export function marketView(me: Me): View {
  const find = finder(me, true);
  const main = region({ class: 'board' });
  const lineage = lineagePanel(() => drawn?.focus());
  const diff = diffPanel();
  const element = h(
    'div',
    { class: 'with-finder' },
    find.element,
    h('div', { class: 'stack' }, main.element, lineage.element, diff.element),
  );
  let drawn: Board | undefined;
  let shown = '';
  const select = () => {
    const point = drawn && pointOf(place().parameters, drawn.series);
    drawn?.select(point);
    lineage.show(point);
  };
  const clear = () => {
    drawn?.destroy();
    drawn = undefined;
    lineage.show(undefined);
    diff.show([]);
  };
  const update = () => {
    find.update();
    const { parameters } = place();
    const asked = ['curve', 'asof', 'with', 'tenor'].map((name) => parameters.get(name)).join('|');
    if (asked === shown) {
      select();
      return;
    }
    shown = asked;
    void main.load('the curve', async (signal) => {
      const key = parameters.get('curve');
      if (key === null) return (await goToFirst(signal)) ? null : nothingYet(me);
      const tenor = tenorOf(parameters);
      const series = await seriesOf(wantedOf(parameters, key), tenor, signal).catch((error: unknown) => {
        // What is told of another curve does not stay beside the error.
        if (!signal.aborted) clear();
        throw error;
      });
      if (signal.aborted) return null;
      const first = series[0];
      if (first === undefined) {
        clear();
        return noSuchCurve('market', me, signal);
      }
      drawn?.destroy();
      drawn = undefined;
      diff.show(series);
      document.title = `${first.info.name} · Aurum`;
      drawn = board(series, tenor);
      select();
      return drawn.element;
    });
  };
  return { element, update };
}

/** A tenant cannot tell the two apart, and drops no workbooks. */
export const nothingYet = ({ roles, tenant }: Me) =>
  panelOf(
    roles.includes('tenant')
      ? emptyView(`${notEntitled(tenant)}, or nothing is released yet.`, WHO_ENTITLES)
      : emptyView('Nothing is released yet.', h('a', { href: fresh('ingest') }, 'Drop a workbook to begin.')),
  );

export async function noSuchCurve(view: string, me: Me, signal: AbortSignal): Promise<HTMLElement> {
  const { meta } = await api.get('/v1/curves/dimensions', { limit: 0 }, { signal });
  if (meta.curves === 0) return nothingYet(me);
  const another = h('a', { href: fresh(view) }, 'Show another.');
  return panelOf(emptyView('No curve has this key, or none you may see.', another));
}

const panelOf = (content: HTMLElement) => h('section', { class: 'panel' }, content);

const tenorOf = (parameters: URLSearchParams) => (parameters.get('tenor') ?? 'MONTHLY') as TenorType;

export interface Point {
  readonly series: number;
  readonly vendor: string;
  readonly row: Series['prices'] extends ReadonlyMap<string, infer Row> ? Row : never;
}

/** `0:2027-01-01`: the series, and the month. */
function pointOf(parameters: URLSearchParams, series: readonly Series[]): Point | undefined {
  const [at = '', month = ''] = (parameters.get('point') ?? '').split(':');
  const one = series[Number(at)];
  const row = one?.prices.get(month);
  return row && { series: Number(at), vendor: one!.info.curve.vendor, row };
}

const pointAt = (series: number, month: string) => ({ point: `${series}:${month}` });

interface Board {
  readonly series: readonly Series[];
  readonly element: HTMLElement;
  select(point: Point | undefined): void;
  focus(): void;
  destroy(): void;
}

function board(series: readonly Series[], tenor: TenorType): Board {
  const months = monthsOf(series);
  const { info, asof } = series[0]!;
  const title = h('h1', {}, info.name, h('span', { class: 'quiet' }, ` ${info.unit}`));
  const bar = h('div', { class: 'bar' }, chips(series), tenorTabs(series, tenor));
  if (months.length === 0) {
    const empty = emptyView(`No ${TENOR_NAMES[tenor]?.toLowerCase()} are quoted on ${asof}.`);
    const element = h('section', { class: 'panel' }, title, bar, empty);
    return { series, element, select: () => {}, focus: () => {}, destroy: () => {} };
  }
  const chart = chartOf(series, months);
  const prices = pricesTable(series, months);
  const element = h(
    'section',
    { class: 'panel' },
    title,
    bar,
    h('div', { class: 'chart-and-table' }, chart.element, prices.element),
  );
  return {
    series,
    element,
    select: (point) => {
      chart.select(point);
      prices.select(point);
    },
    focus: chart.focus,
    destroy: chart.destroy,
  };
}

/** The chart, the numbers under the cursor above it, and what to do with it below. */
function chartOf(series: readonly Series[], months: readonly string[]) {
  const { info, prices } = series[0]!;
  const positions = positionsOf(months);
  const lines = series.map((one) => ({
    label: one.label,
    unit: one.info.unit,
    colour: one.colour,
    values: months.map((month) => one.prices.get(month)?.value ?? null),
    bands: bandOf(one.prices, months, series.length),
  }));
  const words = h('p', { class: 'readout', 'aria-live': 'polite' });
  const hint = h(
    'p',
    { class: 'hint ask' },
    'Click a point, or a price in the table, to see the workbook cell it comes from.',
  );
  let kept = 0;
  const say = (index: number | null) => {
    const at = index ?? kept;
    const only = series.length === 1 ? prices.get(months[at]!) : undefined;
    const sides =
      only === undefined ? [] : [`bid ${price(only.bid, 3) || '–'}`, `ask ${price(only.ask, 3) || '–'}`];
    const said = readout({ months: positions, lines }, at, nameOfMonth(series, months[at]!));
    words.textContent = [...said, ...sides].join('   ');
  };
  say(null);
  const chart = lineChart({
    label: `${info.name}, forward curve. Arrow keys move along it, Enter shows where a price comes from. The table has the same numbers.`,
    months: positions,
    lines,
    onpick: (at, index) => go(link(pointAt(at, months[index]!))),
    onhover: say,
  });
  const select = (point: Point | undefined) => {
    kept = point === undefined ? 0 : months.indexOf(point.row.contract_month);
    hint.hidden = point !== undefined;
    say(null);
    chart.select(point && { line: point.series, index: kept });
  };
  const element = h('div', {}, words, chart.element, legend(lines), unitsNote(lines), hint);
  return { element, select, focus: () => chart.element.focus(), destroy: chart.destroy };
}

/** A third unit has a scale of its own and no place for an axis. */
function unitsNote(lines: readonly { readonly unit: string }[]): HTMLElement | null {
  const bare = [...new Set(lines.map(({ unit }) => unit))].slice(2);
  if (bare.length === 0) return null;
  return h('p', { class: 'hint' }, `Without an axis: ${bare.join(', ')}. The table has the numbers.`);
}

/** The strip's own name where it is no month. */
function nameOfMonth(series: readonly Series[], month: string): string {
  const row = series.map(({ prices }) => prices.get(month)).find((one) => one !== undefined);
  return row === undefined || row.tenor_type === 'MONTHLY' ? monthName(month) : row.tenor_label;
}

/** Bid and ask of the first curve alone: more bands than one are mud. */
function bandOf(prices: Series['prices'], months: readonly string[], count: number) {
  if (count > 1 || ![...prices.values()].some(({ bid, ask }) => bid !== null && ask !== null)) return [];
  const side = (name: 'bid' | 'ask') => months.map((month) => prices.get(month)?.[name] ?? null);
  return [{ label: 'bid to ask', low: side('bid'), high: side('ask') }];
}

function pricesTable(series: readonly Series[], months: readonly string[]) {
  const isAlone = series.length === 1;
  const values = series.flatMap(({ prices }) =>
    [...prices.values()].flatMap(({ bid, value, ask }) => [bid, value, ask]),
  );
  const decimals = decimalsOf(values);
  const difference = differenceOf(series);
  const columns: Column[] = [
    { head: 'Delivery', text: true },
    ...(isAlone
      ? [{ head: 'Bid' }, { head: 'Mid' }, { head: 'Ask' }]
      : series.map(({ info, asof, colour }) => ({ head: seriesHead(info.name, asof, colour, series) }))),
    ...(difference === undefined ? [] : [{ head: difference.head }]),
  ];
  const rows = months.map((month): TableRow => {
    const cells = series.map(({ prices }, at) => priceCell(prices.get(month), at, decimals));
    const row = series[0]!.prices.get(month);
    const sides: Child[] = isAlone ? [price(row?.bid, decimals), cells[0], price(row?.ask, decimals)] : cells;
    return {
      cells: [
        nameOfMonth(series, month),
        ...sides,
        ...(difference === undefined ? [] : [difference.cell(month, decimals)]),
      ],
    };
  });
  const element = table('Prices of the chart', columns, rows);
  const lines = [...element.querySelectorAll('tbody tr')];
  const select = (point: Point | undefined) => {
    for (const [at, line] of lines.entries()) {
      if (months[at] === point?.row.contract_month) line.setAttribute('aria-current', 'true');
      else line.removeAttribute('aria-current');
    }
  };
  return { element, select };
}

/** Of two in one unit: from the older day to the newer of one curve, else of the second over the first. */
function differenceOf([a, b, ...more]: readonly Series[]) {
  if (a === undefined || b === undefined || more.length > 0 || a.info.unit !== b.info.unit) return undefined;
  const isOneCurve = a.info.reference === b.info.reference;
  const [from, to] = isOneCurve && a.asof > b.asof ? [b, a] : [a, b];
  const cell = (month: string, decimals: number) => {
    const older = from.prices.get(month);
    const newer = to.prices.get(month);
    return older && newer ? signed(newer.value - older.value, decimals) : '';
  };
  return { head: isOneCurve ? 'Change' : 'B − A', cell };
}

/** The day, and the curve where there is more than one. */
function seriesHead(name: string, asof: string, colour: string, series: readonly Series[]): Child {
  const isOneCurve = series.every(({ info }) => info.name === name);
  return [
    h('i', { class: `swatch c-${colour}` }),
    isOneCurve ? null : [h('span', { class: 'long', title: name }, name), h('br')],
    asof,
  ];
}

function priceCell(row: Point['row'] | undefined, at: number, decimals: number): Child {
  if (row === undefined) return '';
  const title = `${row.value} from ${row.source_cell}`;
  return h(
    'a',
    { ...linkTo(pointAt(at, row.contract_month)), title, class: 'price' },
    price(row.value, decimals),
  );
}

/** Coloured by its sign, where it is any to so many decimals. */
export function signed(value: number, decimals: number): HTMLElement {
  const text = change(value, decimals);
  return h('span', { class: text.startsWith('+') ? 'up' : text.startsWith('−') ? 'down' : '' }, text);
}

/** One a series: its day, and a way to take it away; at the end a way to add a day. */
function chips(series: readonly Series[]): HTMLElement {
  return h(
    'ul',
    { class: 'chips', 'aria-label': 'Curves shown' },
    series.map((one, at) => h('li', {}, chip(series, one, at))),
    addDay(series),
  );
}

const withOthers = (series: readonly { info: Series['info']; asof: string }[]) =>
  series
    .slice(1)
    .map(({ info, asof }) => overlayText({ reference: info.reference, asof }))
    .join(',');

function chip(series: readonly Series[], { info, asof, colour }: Series, at: number): Child[] {
  const change_day = (event: Event) => {
    const day = (event.target as HTMLSelectElement).value;
    if (at === 0) go(link({ asof: day }));
    else
      go(
        link({ with: withOthers(series.map((one, index) => (index === at ? { ...one, asof: day } : one))) }),
      );
  };
  const isSame = info.reference === series[0]!.info.reference;
  const days = h(
    'select',
    { 'aria-label': `As-of day of ${info.name}`, onchange: change_day },
    info.days.map((day) => h('option', { value: day, selected: day === asof }, day)),
  );
  const remove = h(
    'a',
    {
      class: 'remove',
      ...linkTo({ with: withOthers(series.filter((_, index) => index !== at)), point: undefined }),
      'aria-label': `Take ${info.name} ${asof} away`,
    },
    '×',
  );
  return [
    h('i', { class: `swatch c-${colour}` }),
    isSame ? 'As of' : info.name,
    days,
    at === 0 ? null : remove,
  ];
}

function addDay(series: readonly Series[]): HTMLElement | null {
  const { info } = series[0]!;
  const taken = new Set(
    series.filter((one) => one.info.reference === info.reference).map(({ asof }) => asof),
  );
  const next =
    info.days.find((day) => day < series[0]!.asof && !taken.has(day)) ??
    info.days.find((day) => !taken.has(day));
  if (next === undefined || series.length >= MAX_SERIES) return null;
  const overlays = [withOthers(series), overlayText({ reference: info.reference, asof: next })].filter(
    (text) => text !== '',
  );
  return h('li', { class: 'add' }, h('a', linkTo({ with: overlays.join(',') }), `+ compare ${next}`));
}

function tenorTabs([first]: readonly Series[], tenor: TenorType): HTMLElement {
  const types = first!.info.curve.tenors.map(({ tenor_type }) => tenor_type);
  return h(
    'nav',
    { class: 'tabs', 'aria-label': 'Tenors' },
    types.map((type) =>
      h(
        'a',
        {
          ...linkTo({ tenor: type === 'MONTHLY' ? undefined : type, point: undefined }),
          'aria-current': type === tenor ? 'true' : undefined,
        },
        TENOR_NAMES[type] ?? type,
      ),
    ),
  );
}
