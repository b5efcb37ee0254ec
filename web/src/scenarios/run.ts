/** A run: base, scenario and its bands as a fan, what each assumption adds; beside another run, the difference. */
import type { Row } from '../../../client/aurum.ts';
import { barChart } from '../chart/bars.ts';
import { legend, lineChart, readout } from '../chart/line-chart.ts';
import { type Child, h } from '../dom.ts';
import {
  change,
  count,
  counted,
  curveName,
  decimalsOf,
  monthName,
  price,
  seconds,
  unitName,
} from '../format.ts';
import { fact } from '../market/diff.ts';
import { signed } from '../market/view.ts';
import { go, link, linkTo } from '../place.ts';
import { emptyView, failureView, intoSight, problemView, region } from '../region.ts';
import { api } from '../session.ts';
import { table } from '../table.ts';

type Run = Row<'GET /v1/scenarios/runs'>;
type Output = Row<'GET /v1/scenarios/runs/{run_id}/outputs'>;
type Diff = Row<'GET /v1/scenarios/diff'>;
type Names = Parameters<typeof curveName>[0] & {
  readonly currency: string | null;
  readonly per_unit: string | null;
};

/** A run, and what its scenario is called. */
export interface NamedRun extends Run {
  readonly name: string;
}

export interface RunPanel {
  readonly element: HTMLElement;
  show(run: NamedRun | undefined, other: NamedRun | undefined, curve: string | null): void;
  /** One that was asked for and is not to be had. */
  fail(error: unknown): void;
}

export function runPanel(): RunPanel {
  const part = region();
  let shown = '';
  return {
    element: part.element,
    show(run, other, curve) {
      const text = JSON.stringify([run?.run_id, run?.state, other?.run_id, curve]);
      if (text === shown) return;
      shown = text;
      if (run === undefined) part.show();
      else if (run.state !== 'succeeded') part.show(unfinished(run));
      else {
        const loaded =
          other === undefined
            ? part.load('the run', (signal) => outputs(run, curve, signal))
            : part.load('the comparison', (signal) => comparison(run, other, curve, signal));
        void loaded.then(() => intoSight(part.element));
      }
    },
    fail(error) {
      shown = '';
      part.show(problemView(error, 'Could not load the run'));
    },
  };
}

function unfinished({ state, error, name }: NamedRun): HTMLElement {
  if (error === null) return h('section', { class: 'panel' }, emptyView(`The run of ${name} is ${state}.`));
  return failureView(`The run of ${name} failed`, error);
}

/** Curves of the rows, the one that is asked for, and a way to the others. */
function chooser<Of extends Names & { readonly curve_key: string }>(
  rows: readonly Of[],
  asked: string | null,
) {
  const curves = Map.groupBy(rows, ({ curve_key }) => curve_key);
  const key = asked !== null && curves.has(asked) ? asked : [...curves.keys()][0]!;
  const own = curves.get(key)!;
  const options = [...curves].map(([other, [row]]) =>
    h('option', { value: other, selected: other === key }, curveName(row!)),
  );
  const choose = (event: Event) => go(link({ curve: (event.target as HTMLSelectElement).value }));
  const select = h('select', { 'aria-label': 'Curve', onchange: choose }, options);
  const unit = unitName({ ...own[0]!, units_raw: null });
  return { own: own.toSorted((a, b) => (monthOf(a) < monthOf(b) ? -1 : 1)), select, unit };
}

const monthOf = (row: object): string => (row as { contract_month: string }).contract_month;

const MAX_ROWS = 20_000;

async function outputs(run: NamedRun, curve: string | null, signal: AbortSignal): Promise<Child> {
  const { run_id, name, asof_date } = run;
  const rows: Output[] = [];
  for await (const row of api.rows(
    '/v1/scenarios/runs/{run_id}/outputs',
    { run_id, limit: 5_000 },
    { signal },
  )) {
    rows.push(row);
    if (rows.length >= MAX_ROWS) break;
  }
  if (rows.length === 0) return emptyView('The run has no rows: no curve was chosen.');
  const { own, select, unit } = chooser(rows, curve);
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Run' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, name, h('span', { class: 'quiet' }, ` as of ${asof_date}`)),
      select,
      h('span', { class: 'quiet' }, unit),
    ),
    h('div', { class: 'chart-and-table even' }, fan(own, unit), outputsTable(own)),
    Object.keys(own[0]?.bands ?? {}).length > 0 && coverageView(run),
    h('h2', { class: 'apart' }, 'What each assumption adds', h('span', { class: 'quiet' }, ` ${unit}`)),
    attribution(own, unit),
  );
}

const percent = (share: number) => `${price(share * 100, 1)} %`;

/** How far the bands can be trusted: what they held of days their model had not seen, or why that is not known. */
function coverageView({ band_coverage: held, notes }: Run): HTMLElement {
  if (held === null) {
    const why =
      notes.find((note) => /coverage/i.test(note)) ??
      'Volatilities were given, not estimated: nothing was held out.';
    return h('p', { class: 'hint' }, `Coverage of the band is not known. ${why}`);
  }
  const { level, coverage, binomial_error, moves, contracts, curves, from, to, lowest } = held;
  const isOff = Math.abs(coverage - level) > 2 * binomial_error;
  const share = h(
    'span',
    { class: isOff ? 'overridden' : 'up' },
    `${percent(coverage)} ± ${percent(binomial_error)}`,
  );
  return h(
    'div',
    { class: 'coverage', role: 'group', 'aria-label': 'Coverage of the band on held-out days' },
    h('h2', {}, 'Band on days it had not seen'),
    h('dl', { class: 'facts' }, [
      fact(`Held of prices, made for ${percent(level)}`, share),
      fact('Days held out', `${from} to ${to}, ${counted(moves, 'move')}`),
      fact('Prices held out', `${count(contracts)} of ${counted(curves, 'curve')}`),
      fact('Least of one curve', percent(lowest.coverage)),
    ]),
    isOff &&
      h(
        'p',
        { class: 'hint' },
        `More than two standard errors from ${percent(level)}: do not take the band at its word.`,
      ),
  );
}

/** Outermost quantiles first: p05 to p95, p25 to p75. */
function bandPairs(rows: readonly Output[]): (readonly [string, string])[] {
  const level = (name: string) => Number(name.slice(1).replace('_', '.'));
  const names = Object.keys(rows[0]?.bands ?? {}).sort((a, b) => level(a) - level(b));
  const pairs = Math.floor(names.length / 2);
  return Array.from({ length: pairs }, (_, at) => [names[at]!, names.at(-1 - at)!] as const);
}

function fan(rows: readonly Output[], unit: string): HTMLElement {
  const words = h('p', { class: 'readout' });
  const bands = bandPairs(rows).map(([low, high]) => ({
    label: `${low} to ${high}`.toUpperCase().replace('TO', 'to'),
    low: rows.map((row) => row.bands[low] ?? null),
    high: rows.map((row) => row.bands[high] ?? null),
  }));
  const lines = [
    { label: 'scenario', unit, colour: 'series-1', values: rows.map((row) => row.scenario_price), bands },
    { label: 'base', unit, colour: 'part-1', values: rows.map((row) => row.base_price), dashed: true },
  ];
  const months = rows.map((row) => seconds(row.contract_month));
  const say = (index: number | null) => {
    words.textContent = readout({ months, lines }, index ?? 0).join('   ');
  };
  say(0);
  const chart = lineChart({
    label: 'Base and scenario price with the bands around it. The table has the same numbers.',
    months,
    lines,
    onhover: say,
  });
  return h('div', {}, words, chart.element, legend(lines));
}

const idsOf = (rows: readonly { readonly attribution: Readonly<Record<string, number>> }[]) => [
  ...new Set(rows.flatMap((row) => Object.keys(row.attribution))),
];

const partsOf = (ids: readonly string[]) =>
  ids.map((label, at) => ({ label, colour: `part-${((at + 1) % 6) + 1}` }));

const attribution = (rows: readonly Output[], unit: string) =>
  barChart({
    label: 'Share of each assumption in the change of each month. The table has the same numbers.',
    unit,
    parts: partsOf(idsOf(rows)),
    bars: rows.map((row) => ({
      label: monthName(row.contract_month),
      values: idsOf(rows).map((id) => row.attribution[id] ?? 0),
    })),
    totals: true,
  });

function outputsTable(rows: readonly Output[]): HTMLElement {
  const decimals = decimalsOf(rows.flatMap((row) => [row.base_price, row.scenario_price]));
  const ids = idsOf(rows);
  const quantiles = bandPairs(rows).slice(0, 1).flat();
  return table(
    'Prices of the run',
    [
      { head: 'Delivery', text: true },
      { head: 'Base' },
      { head: 'Scenario' },
      { head: 'Change' },
      ...quantiles.map((name) => ({ head: name.toUpperCase() })),
      ...ids.map((id) => ({ head: id })),
    ],
    rows.map((row) => ({
      cells: [
        monthName(row.contract_month),
        price(row.base_price, decimals),
        price(row.scenario_price, decimals),
        signed(row.delta, decimals),
        ...quantiles.map((name) => price(row.bands[name], decimals)),
        ...ids.map((id) => change(row.attribution[id], decimals)),
      ],
    })),
  );
}

async function comparison(
  b: NamedRun,
  a: NamedRun,
  curve: string | null,
  signal: AbortSignal,
): Promise<Child> {
  const { meta, data } = await api.get('/v1/scenarios/diff', { a: a.run_id, b: b.run_id }, { signal });
  const head = (extra: Child) =>
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, `${b.name} less ${a.name}`),
      extra,
      h('a', { ...linkTo({ with: undefined }), class: 'remove', 'aria-label': 'Close the comparison' }, '×'),
    );
  if (data.length === 0)
    return h(
      'section',
      { class: 'panel' },
      head(null),
      emptyView('The two have no curve and month in common.'),
    );
  const { own, select, unit } = chooser(data, curve);
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Comparison' },
    head([select, h('span', { class: 'quiet' }, unit)]),
    h('dl', { class: 'facts' }, [
      fact('A', a.name),
      fact('B', b.name),
      fact('Months of both', count(meta.count)),
      fact('Only in A', count(meta.only_in_a.length)),
      fact('Only in B', count(meta.only_in_b.length)),
    ]),
    h('div', { class: 'chart-and-table even' }, diffChart(own, unit), diffTable(own)),
  );
}

function diffChart(rows: readonly Diff[], unit: string): HTMLElement {
  const ids = idsOf(rows);
  return barChart({
    label: 'Difference of each month, by assumption and base. The table has the same numbers.',
    unit,
    parts: [...partsOf(ids), { label: 'other base', colour: 'series-6' }],
    bars: rows.map((row) => ({
      label: monthName(row.contract_month),
      values: [...ids.map((id) => row.attribution[id] ?? 0), row.base_delta],
    })),
    totals: true,
  });
}

function diffTable(rows: readonly Diff[]): HTMLElement {
  const decimals = decimalsOf(rows.flatMap((row) => [row.price_a, row.price_b]));
  return table(
    'Difference of the two runs',
    [
      { head: 'Delivery', text: true },
      { head: 'A' },
      { head: 'B' },
      { head: 'B − A' },
      { head: '%' },
      ...idsOf(rows).map((head) => ({ head })),
    ],
    rows.map((row) => ({
      cells: [
        monthName(row.contract_month),
        price(row.price_a, decimals),
        price(row.price_b, decimals),
        signed(row.delta, decimals),
        row.relative === null ? '' : change(row.relative * 100, 2),
        ...idsOf(rows).map((id) => change(row.attribution[id], decimals)),
      ],
    })),
  );
}
