/** Strips and seasons of a curve: what the vendor quotes beside what follows from its months. */
import type { Row } from '../../client/aurum.ts';
import { barChart } from './chart/bars.ts';
import { h } from './dom.ts';
import { count, price, TENOR_NAMES } from './format.ts';
import { finder, goToFirst } from './market/finder.ts';
import { type CurveInfo, curveInfo } from './market/series.ts';
import { noSuchCurve, nothingYet, signed, type View } from './market/view.ts';
import { fresh, go, link, place } from './place.ts';
import { emptyView, region } from './region.ts';
import { api, type Me } from './session.ts';
import { table } from './table.ts';

/** Vendors round what they quote. */
const ROUNDING = 0.01;

type Strip = Row<'GET /v1/curves/strips'>;
type Rule = NonNullable<Strip['strip_rule']>;

const RULES: readonly (readonly [Rule, string])[] = [
  ['plain_mean', 'plain mean, as the vendors do'],
  ['hour_weighted', 'weighted by hours of delivery'],
];

export function stripsView(me: Me): View {
  const find = finder(me, false);
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
    const asked = ['curve', 'asof', 'rule'].map((name) => parameters.get(name)).join('|');
    if (asked === shown) return;
    shown = asked;
    void main.load('strips', async (signal) => {
      const reference = parameters.get('curve');
      if (reference === null) return (await goToFirst(signal)) ? null : nothingYet(me);
      const info = await curveInfo(reference, signal);
      if (info === undefined) return noSuchCurve('strips', me, signal);
      const asof = parameters.get('asof') ?? info.days[0]!;
      const rule: Rule = parameters.get('rule') === 'hour_weighted' ? 'hour_weighted' : 'plain_mean';
      const { data } = await api.get(
        '/v1/curves/strips',
        { curve_key: info.curve.curve_key, vendor: info.curve.vendor, asof, rule, limit: 10_000 },
        { signal },
      );
      document.title = `${info.name} strips · Aurum`;
      return board(info, asof, rule, data);
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
  const periods = Map.groupBy(strips, (strip) => {
    const { tenor_type, contract_month, tenor_label } = strip;
    // What is left of a year is quoted from the as-of month on; derived it keeps the name of the year.
    const rest = /^Bal (\d{4})$/.exec(tenor_label)?.[1];
    if (rest !== undefined) return `${tenor_type} ${rest}-01-01 `;
    // The two call one period by one name, or begin it in one month.
    const twins = strips.filter(
      (other) => other.tenor_type === tenor_type && other.contract_month === contract_month,
    );
    const isPair = twins.length === 2 || (twins.length === 1 && strip.strip_source === 'derived');
    return `${tenor_type} ${contract_month} ${isPair ? '' : tenor_label}`;
  });
  return [...periods.values()].map((group) => {
    const quoted = group.find(({ strip_source }) => strip_source === 'vendor');
    const derived = group.find(({ strip_source }) => strip_source === 'derived');
    const { tenor_type, tenor_label } = (quoted ?? derived)!;
    return { tenor_type, label: tenor_label, quoted, derived };
  });
}

function board(info: CurveInfo, asof: string, rule: Rule, strips: readonly Strip[]): HTMLElement {
  const head = [
    h('h1', {}, info.name, h('span', { class: 'quiet' }, ` ${info.unit}`)),
    h(
      'div',
      { class: 'bar' },
      h(
        'ul',
        { class: 'chips' },
        h('li', {}, 'As of', daySelect(info, asof)),
        h('li', {}, 'Derived by', ruleSelect(rule)),
      ),
      h('a', { href: fresh('market', { curve: info.reference, asof }) }, 'Forward curve'),
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
  return h(
    'div',
    { class: 'stack' },
    h('section', { class: 'panel' }, head, shownRule(rule, strips), gaps(pairs, info.unit)),
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

const onSelect = (name: string) => (event: Event) =>
  go(link({ [name]: (event.target as HTMLSelectElement).value }));

const daySelect = ({ days }: CurveInfo, asof: string): HTMLElement =>
  h(
    'select',
    { 'aria-label': 'As-of day', onchange: onSelect('asof') },
    days.map((day) => h('option', { value: day, selected: day === asof }, day)),
  );

const ruleSelect = (rule: Rule): HTMLElement =>
  h(
    'select',
    { 'aria-label': 'Rule of derived strips', onchange: onSelect('rule') },
    RULES.map(([value, name]) => h('option', { value, selected: value === rule }, name)),
  );

/** What was done, which is not always what was asked for: a curve without a block has no hours. */
function shownRule(asked: Rule, strips: readonly Strip[]): HTMLElement | null {
  const derived = strips.find(({ strip_source }) => strip_source === 'derived');
  if (derived === undefined)
    return h('p', { class: 'hint' }, 'No strip can be derived: no months are quoted.');
  const look = derived.strip_rule === asked ? 'hint' : 'hint ask';
  return h('p', { class: look }, `Derived strips: ${derived.rule}.`);
}

function gaps(pairs: readonly Pair[], unit: string): HTMLElement | null {
  const both = pairs.filter(({ quoted, derived }) => quoted !== undefined && derived !== undefined);
  if (both.length === 0) return null;
  return h(
    'div',
    {},
    h('h2', {}, 'Quoted less derived', h('span', { class: 'quiet' }, ` ${unit}`)),
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

const shortStrip = (label: string) =>
  label
    .replace('Calendar ', 'Cal ')
    .replace('Winter ', 'Win ')
    .replace('Summer ', 'Sum ')
    .replace(/\b20(\d\d)\b/g, '$1');

function kindPanel({ reference }: CurveInfo, kind: string, pairs: readonly Pair[]): HTMLElement {
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
                  curve: reference,
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
            h('span', { class: 'quiet', title: monthsOf(derived) }, count(derived.source_cells.length)),
        ],
      })),
    ),
  );
}

/** The cells a derived strip is the mean of, each with its hours where they weigh. */
const monthsOf = ({ source_cells, weights, strip_rule }: Strip): string =>
  source_cells
    .map((cell, at) => (strip_rule === 'hour_weighted' ? `${cell} × ${weights[at]} h` : cell))
    .join(', ');
