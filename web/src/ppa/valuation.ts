/** One valuation: its figures, cashflows month by month, the waterfall to the NPV, and how the NPV is spread. */
import type { Answer } from '../../../client/aurum.ts';
import { barChart } from '../chart/bars.ts';
import { type Child, h, svg } from '../dom.ts';
import { count, monthName, price } from '../format.ts';
import { fact } from '../market/diff.ts';
import { linkTo } from '../place.ts';
import { emptyView, failureView, intoSight, region } from '../region.ts';
import { api } from '../session.ts';
import { table } from '../table.ts';
import { originList, quoteOf } from './origin.ts';

type Shown = Answer<'GET /v1/ppa/valuations/{hash}'>;
type Valuation = NonNullable<Shown['data']>;
type Provenance = Shown['meta']['provenance'];
type Risk = NonNullable<Valuation['risk']>;

export interface ValuationPanel {
  readonly element: HTMLElement;
  show(hash: string | null): void;
}

export function valuationPanel(): ValuationPanel {
  const part = region();
  let shown: string | null = null;
  return {
    element: part.element,
    show(hash) {
      if (hash === shown) return;
      shown = hash;
      part.show();
      if (hash === null) return;
      const loaded = part.load('the valuation', async (signal) => {
        const { meta, data } = await api.get('/v1/ppa/valuations/{hash}', { hash }, { signal });
        if (data !== null) return panel(data, meta.provenance);
        return meta.error === null
          ? emptyView(`The valuation is ${meta.state}.`)
          : failureView('The valuation failed', meta.error);
      });
      void loaded.then(() => intoSight(part.element));
    },
  };
}

const money = (value: number): string => count(Math.round(value)).replace('-', '−');
const perMwh = (value: number | null): string => (value === null ? '–' : price(value, 3));
const percent = (value: number | null | undefined): string =>
  value == null ? '–' : `${price(value * 100, 2)} %`;

function panel(valuation: Valuation, provenance: Provenance): HTMLElement {
  const { contract, currency, valuation_date, cashflows, risk, valuation_hash } = valuation;
  return h(
    'section',
    { class: 'panel', 'aria-label': contract },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, contract, h('span', { class: 'quiet' }, ` ${currency}, at ${valuation_date}`)),
      h('a', { ...linkTo({ valuation: undefined }), class: 'remove', 'aria-label': 'Close' }, '×'),
    ),
    figures(valuation),
    h('div', { class: 'columns wide' }, [
      h('div', {}, h('h3', {}, `Waterfall to the NPV, ${currency}`), waterfall(valuation)),
      risk === null
        ? null
        : h(
            'div',
            {},
            h('h3', {}, `NPV over ${count(risk.paths)} paths, ${currency}`),
            spread(risk, currency),
            riskTable(risk),
          ),
    ]),
    h('h3', {}, `Settlement by delivery month, ${currency}`),
    barChart({
      label: 'Settlement of each delivery month. The table has the same numbers.',
      unit: currency,
      parts: [{ label: 'settlement', colour: 'part-2' }],
      bars: cashflows.map(({ month, settlement }) => ({ label: monthName(month), values: [settlement] })),
    }),
    cashflowTable(valuation, provenance),
    h('h3', {}, 'Made of'),
    originList(provenance),
    h('p', { class: 'hint' }, `Valuation ${valuation_hash}: the same inputs give the same bytes.`),
  );
}

function figures({
  currency,
  npv,
  irr,
  break_even,
  levelised_price,
  levelised_market_value,
  capture_price,
  capture_factor,
  base_price,
  volume_mwh,
}: Valuation): HTMLElement {
  const rates = irr.roots.map(({ annual }) => percent(annual)).join(' and ');
  const unit = `${currency}/MWh`;
  return h('dl', { class: 'facts' }, [
    fact(`NPV, ${currency}`, money(npv)),
    fact('IRR a year', rates || 'none'),
    fact(`Break-even ${break_even.of === 'strike' ? 'strike' : 'shift'}, ${unit}`, perMwh(break_even.value)),
    fact(`Levelised price, ${unit}`, perMwh(levelised_price)),
    fact(`Levelised market value, ${unit}`, perMwh(levelised_market_value)),
    fact(`Base price, ${unit}`, perMwh(base_price)),
    fact(`Capture price, ${unit}`, perMwh(capture_price)),
    fact('Capture factor', percent(capture_factor)),
    fact('Volume, MWh', money(volume_mwh)),
  ]);
}

/** Only what moves the value has a bar; the table has all steps. */
function waterfall({ waterfall: steps, currency, npv }: Valuation): Child {
  const moving = steps.filter(({ value }) => value !== 0);
  return [
    barChart({
      label: 'Steps from the baseload value to the NPV. The table has the same numbers.',
      unit: currency,
      parts: [
        { label: 'adds', colour: 'part-3' },
        { label: 'takes away', colour: 'part-4' },
        { label: 'NPV', colour: 'part-2' },
      ],
      bars: [
        ...moving.map(({ step, value, total }) => ({
          label: step,
          values: [Math.max(value, 0), Math.min(value, 0), 0],
          from: total - value,
        })),
        { label: 'NPV', values: [0, 0, npv] },
      ],
    }),
    table(
      'Waterfall',
      [{ head: 'Step', text: true }, { head: 'Value' }, { head: 'Total' }],
      steps.map(({ step, value, total }) => ({ cells: [step, money(value), money(total)] })),
    ),
  ];
}

const SPREAD = { left: 6, row: 14, below: 16, gap: 3 };
const LETTER_PX = 6.6;

/** Quantiles on one line: the tails thin, P10 to P90 thick, each with its name like a flag on its mast. */
function spread(risk: Risk, currency: string): SVGElement {
  const marks = [
    ...risk.tails.map(({ level, quantile }) => ({
      label: `P${Math.round((1 - level) * 100)}`,
      value: quantile.value,
    })),
    { label: 'P10', value: risk.p10.value },
    { label: 'P50', value: risk.p50.value },
    { label: 'P90', value: risk.p90.value },
  ].sort((a, b) => a.value - b.value);
  const low = marks[0]!.value;
  const high = Math.max(marks.at(-1)!.value, low + 1);
  // Letters are as large on a phone: fewer of them fit beside each other.
  const width = innerWidth < 600 ? 330 : 560;
  const named = marks.map(({ label, value }) => ({ value, text: `${label} ${money(value)}` }));
  const room = width - SPREAD.left - widthOf(named.at(-1)!.text);
  const x = (value: number) => SPREAD.left + ((value - low) / (high - low)) * room;
  const labels = placed(named.map(({ value, text }) => ({ at: x(value), text })));
  const y = SPREAD.row * (2 + Math.max(...labels.map(({ row }) => row)));
  const line = (from: number, to: number, name: string) =>
    svg('line', { x1: x(from), x2: x(to), y1: y, y2: y, class: name });
  return svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${y + SPREAD.below}`,
      class: 'spread',
      role: 'img',
      'aria-label': `NPV from ${money(low)} to ${money(high)} ${currency}. The table has the same numbers.`,
    },
    line(low, high, 'thin'),
    line(risk.p10.value, risk.p90.value, 'thick'),
    labels.map(({ at, text, row }) => {
      const foot = y - SPREAD.row * (1 + row);
      return [
        svg('line', { x1: at, x2: at, y1: foot - 8, y2: y + 8, class: 'mark' }),
        svg('text', { x: at + SPREAD.gap, y: foot }, text),
      ];
    }),
  );
}

const widthOf = (text: string) => text.length * LETTER_PX + 2 * SPREAD.gap;

/** Above every later one that begins below its name: no mast goes through a name. */
function placed(labels: readonly { readonly at: number; readonly text: string }[]) {
  const flags: { at: number; text: string; row: number }[] = [];
  for (const { at, text } of labels.toReversed()) {
    const crossed = flags.filter((later) => later.at < at + widthOf(text));
    flags.push({ at, text, row: 1 + Math.max(-1, ...crossed.map(({ row }) => row)) });
  }
  return flags;
}

function riskTable({
  mean,
  p10,
  p50,
  p90,
  tails,
  intrinsic,
  time_value,
  standard_deviation,
}: Risk): HTMLElement {
  const row = (name: string, { value, standard_error }: { value: number; standard_error: number }) => ({
    cells: [name, money(value), money(standard_error)],
  });
  return table(
    'NPV risk',
    [{ head: 'Measure', text: true }, { head: 'Value' }, { head: '± s.e.' }],
    [
      row('Mean', mean),
      row('P10', p10),
      row('P50', p50),
      row('P90', p90),
      { cells: ['Standard deviation', money(standard_deviation), ''] },
      { cells: ['Intrinsic', money(intrinsic), ''] },
      row('Time value', time_value),
      ...tails.flatMap((tail) => [
        row(`VaR ${price(tail.level * 100, 0)} %`, tail.value_at_risk),
        row(`CVaR ${price(tail.level * 100, 0)} %`, tail.conditional_value_at_risk),
      ]),
    ],
  );
}

function cashflowTable(
  { cashflows, deltas, undetermined_months }: Valuation,
  { reference }: Provenance,
): HTMLElement {
  const delta = new Map(deltas.map(({ month, delta_mwh }) => [month, delta_mwh]));
  const open = new Set(undetermined_months);
  const originOf = ({ month, extrapolated, origin }: Valuation['cashflows'][number]) => {
    if (extrapolated) return 'extrapolated';
    if (open.has(month)) return 'left open by overlapping strips';
    return origin === 'strip' ? 'from a strip' : 'quoted';
  };
  return table(
    'Cashflows by delivery month',
    [
      { head: 'Month', text: true },
      { head: 'MWh' },
      { head: 'Reference' },
      { head: 'Capture' },
      { head: 'Strike' },
      { head: 'Market leg' },
      { head: 'Contract leg' },
      { head: 'Settlement' },
      { head: 'Discount' },
      { head: 'PV' },
      { head: 'Delta MWh' },
      { head: 'Price', text: true },
    ],
    cashflows.map((flow) => ({
      cells: [
        monthName(flow.month),
        money(flow.volume_mwh),
        referencePrice(flow, reference),
        price(flow.capture_price, 3),
        perMwh(flow.strike),
        money(flow.market_leg),
        money(flow.contract_leg),
        money(flow.settlement),
        flow.discount_factor.toFixed(5),
        money(flow.pv),
        money(delta.get(flow.month) ?? 0),
        originOf(flow),
      ],
    })),
  );
}

/** A quote leads to its cell. */
function referencePrice(
  { month, origin, extrapolated, reference_price }: Valuation['cashflows'][number],
  reference: Provenance['reference'],
): Child {
  const href = origin === 'month' && !extrapolated ? quoteOf(reference, month) : undefined;
  const said = price(reference_price, 3);
  return href === undefined ? said : h('a', { href, class: 'price' }, said);
}
