/** Strips and seasons of a curve: what the vendor quotes beside what follows from its months. */
import type { Row } from '../../client/aurum.ts';
import { barChart } from './chart/bars.ts';
import { h } from './dom.ts';
import { count, price, TENOR_NAMES } from './format.ts';
import { finder, goToFirst } from './market/finder.ts';
import { type CurveInfo, curveInfo } from './market/series.ts';
import { signed, type View } from './market/view.ts';
import { fresh, go, link, place } from './place.ts';
import { emptyView, region } from './region.ts';
import { api } from './session.ts';
import { table } from './table.ts';

/** Vendors round what they quote. */
const ROUNDING = 0.01;

type Strip = Row<'GET /v1/curves/strips'>;

export function stripsView(): View {
  const find = finder(false);
  const main = region({ class: 'board' });
  const element = h(
    'div',
    { class: 'with-finder' },
    find.element,
    h('div', { class: 'stack' }, main.element),
  );
  let shown = '';
  const update = () => {
    find.update();
    const { parameters } = place();
    const asked = ['curve', 'asof'].map((name) => parameters.get(name)).join('|');
    if (asked === shown) return;
    shown = asked;
    void main.load('strips', async (signal) => {
      const key = parameters.get('curve');
      if (key === null) return (await goToFirst(signal)) ? null : emptyView('Nothing is released yet.');
      const info = await curveInfo(key, signal);
      if (info === undefined) return emptyView('No curve has this key, or none you may see.');
      const asof = parameters.get('asof') ?? info.days[0]!;
      const { data } = await api.get(
        '/v1/curves/strips',
        { curve_key: info.curve.curve_key, asof, limit: 10_000 },
        { signal },
      );
      document.title = `${info.name} strips · Aurum`;
      return board(info, asof, data);
    });
  };
  return { element, update };
}

/** Quoted and derived of the same period. */
interface Pair {
  readonly tenor_type: string;
  readonly label: string;
  readonly quoted: Strip | undefined;
  readonly derived: Strip | undefined;
}

function pairsOf(strips: readonly Strip[]): Pair[] {
  const periods = Map.groupBy(strips, ({ tenor_type, contract_month, tenor_label }) => {
    // The two call one period by one name, or begin it in one month.
    const twin = strips.filter(
      (other) => other.tenor_type === tenor_type && other.contract_month === contract_month,
    );
    return `${tenor_type} ${contract_month} ${twin.length === 2 ? '' : tenor_label}`;
  });
  return [...periods.values()].map((group) => {
    const quoted = group.find(({ strip_source }) => strip_source === 'vendor');
    const derived = group.find(({ strip_source }) => strip_source === 'derived');
    const { tenor_type, tenor_label } = (quoted ?? derived)!;
    return { tenor_type, label: tenor_label, quoted, derived };
  });
}

function board(info: CurveInfo, asof: string, strips: readonly Strip[]): HTMLElement {
  const days = h(
    'select',
    {
      'aria-label': 'As-of day',
      onchange: (event: Event) => go(link({ asof: (event.target as HTMLSelectElement).value })),
    },
    info.days.map((day) => h('option', { value: day, selected: day === asof }, day)),
  );
  const head = [
    h('h1', {}, info.name, h('span', { class: 'quiet' }, ` ${info.unit}`)),
    h(
      'div',
      { class: 'bar' },
      h('ul', { class: 'chips' }, h('li', {}, 'As of', days)),
      h('a', { href: fresh('market', { curve: info.curve.curve_key, asof }) }, 'Forward curve'),
    ),
  ];
  if (strips.length === 0)
    return h(
      'section',
      { class: 'panel' },
      head,
      emptyView(`No strips on ${asof}: none is quoted, and no month either.`),
    );
  const pairs = pairsOf(strips);
  const kinds = ['CALENDAR', 'SEASON', 'QUARTER'].filter((kind) =>
    pairs.some(({ tenor_type }) => tenor_type === kind),
  );
  const rule = strips.find((strip) => strip.rule !== null)?.rule;
  return h(
    'div',
    { class: 'stack' },
    h(
      'section',
      { class: 'panel' },
      head,
      rule == null ? null : h('p', { class: 'hint' }, `Derived: ${rule}.`),
      gaps(pairs, info.unit),
    ),
    h(
      'div',
      { class: 'columns' },
      kinds.map((kind) =>
        kindPanel(
          info,
          kind,
          pairs.filter(({ tenor_type }) => tenor_type === kind),
        ),
      ),
    ),
  );
}

function gaps(pairs: readonly Pair[], unit: string): HTMLElement | null {
  const both = pairs.filter(({ quoted, derived }) => quoted !== undefined && derived !== undefined);
  if (both.length === 0) return null;
  return h(
    'div',
    {},
    h('h2', {}, 'Quoted less derived'),
    barChart({
      label: 'Quoted less derived price of each strip. The tables have the same numbers.',
      unit,
      least: ROUNDING,
      parts: [{ label: 'quoted − derived', colour: 'part-2' }],
      bars: both.map(({ label, quoted, derived }) => ({
        label: shortStrip(label),
        values: [quoted!.value - derived!.value],
      })),
    }),
  );
}

const shortStrip = (label: string) => label.replace('Calendar ', 'Cal ').replace(/\b20(\d\d)\b/g, '$1');

function kindPanel({ curve }: CurveInfo, kind: string, pairs: readonly Pair[]): HTMLElement {
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, TENOR_NAMES[kind] ?? kind),
    table(
      `${TENOR_NAMES[kind]}: quoted and derived`,
      [
        { head: 'Strip', text: true },
        { head: 'Quoted' },
        { head: 'Derived' },
        { head: 'Q − D' },
        { head: 'Months' },
      ],
      pairs.map(({ label, quoted, derived }) => ({
        cells: [
          label,
          quoted &&
            h(
              'a',
              {
                class: 'price',
                title: `${quoted.value} from ${quoted.source_cell}`,
                href: fresh('market', {
                  curve: curve.curve_key,
                  asof: quoted.asof_date,
                  tenor: kind,
                  point: `0:${quoted.contract_month}`,
                }),
              },
              price(quoted.value, 3),
            ),
          derived && price(derived.value, 3),
          quoted && derived && signed(quoted.value - derived.value, 3),
          derived &&
            h(
              'span',
              { class: 'quiet', title: derived.source_cells.join(', ') },
              count(derived.source_cells.length),
            ),
        ],
      })),
    ),
  );
}
