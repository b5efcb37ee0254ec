/** One valuation: its figures, cashflows month by month, the waterfall to the NPV, and how the NPV is spread. */
import type { Answer } from '../../../client/aurum.ts';
import { barChart } from '../chart/bars.ts';
import { type Child, h, svg } from '../dom.ts';
import { count, monthName, price } from '../format.ts';
import { fact } from '../market/diff.ts';
import { linkTo } from '../place.ts';
import { emptyView, region } from '../region.ts';
import { api } from '../session.ts';
import { table } from '../table.ts';

type Shown = Answer<'GET /v1/ppa/valuations/{hash}'>;
type Valuation = NonNullable<Shown['data']>;
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
      void part.load('the valuation', async (signal) => {
        const { meta, data } = await api.get('/v1/ppa/valuations/{hash}', { hash }, { signal });
        return data === null
          ? emptyView(meta.error?.message ?? `The valuation is ${meta.state}.`)
          : panel(data);
      });
    },
  };
}

const money = (value: number): string => count(Math.round(value)).replace('-', '−');
const perMwh = (value: number | null): string => (value === null ? '–' : price(value, 3));
const percent = (value: number | null | undefined): string =>
  value == null ? '–' : `${price(value * 100, 2)} %`;

function panel(valuation: Valuation): HTMLElement {
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
      h('div', {}, h('h3', {}, 'Waterfall to the NPV'), waterfall(valuation)),
      risk === null
        ? null
        : h(
            'div',
            {},
            h('h3', {}, `NPV over ${count(risk.paths)} paths`),
            spread(risk, currency),
            riskTable(risk),
          ),
    ]),
    h('h3', {}, 'Settlement by delivery month'),
    barChart({
      label: 'Settlement of each delivery month. The table has the same numbers.',
      unit: currency,
      parts: [{ label: 'settlement', colour: 'part-2' }],
      bars: cashflows.map(({ month, settlement }) => ({ label: monthName(month), values: [settlement] })),
    }),
    cashflowTable(valuation),
    h('p', { class: 'hint' }, `Valuation ${valuation_hash}: the same inputs give the same bytes.`),
  );
}

function figures({
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
  return h('dl', { class: 'facts' }, [
    fact('NPV', money(npv)),
    fact('IRR a year', rates || 'none'),
    fact(break_even.of === 'strike' ? 'Break-even strike' : 'Break-even shift', perMwh(break_even.value)),
    fact('Levelised price', perMwh(levelised_price)),
    fact('Levelised market value', perMwh(levelised_market_value)),
    fact('Base price', perMwh(base_price)),
    fact('Capture price', perMwh(capture_price)),
    fact('Capture factor', percent(capture_factor)),
    fact('Volume MWh', money(volume_mwh)),
  ]);
}

function waterfall({ waterfall: steps, currency }: Valuation): Child {
  return [
    barChart({
      label: 'Steps from the baseload value to the NPV. The table has the same numbers.',
      unit: currency,
      parts: [{ label: 'step', colour: 'part-3' }],
      bars: steps.map(({ step, value, total }) => ({ label: step, values: [value], from: total - value })),
    }),
    table(
      'Waterfall',
      [{ head: 'Step', text: true }, { head: 'Value' }, { head: 'Total' }],
      steps.map(({ step, value, total }) => ({ cells: [step, money(value), money(total)] })),
    ),
  ];
}

const SPREAD = { height: 74, left: 40, right: 40 };

/** Quantiles on one line: the tails thin, P10 to P90 thick, the mean and the intrinsic value as marks. */
function spread(risk: Risk, currency: string): SVGElement {
  const tails = risk.tails.map(({ level, quantile }) => ({
    label: `P${Math.round((1 - level) * 100)}`,
    value: quantile.value,
  }));
  const marks = [
    ...tails,
    { label: 'P10', value: risk.p10.value },
    { label: 'P50', value: risk.p50.value },
    { label: 'P90', value: risk.p90.value },
  ].sort((a, b) => a.value - b.value);
  const low = marks[0]!.value;
  const high = Math.max(marks.at(-1)!.value, low + 1);
  const width = 560;
  const x = (value: number) =>
    SPREAD.left + ((value - low) / (high - low)) * (width - SPREAD.left - SPREAD.right);
  const line = (from: number, to: number, name: string) =>
    svg('line', { x1: x(from), x2: x(to), y1: 36, y2: 36, class: name });
  return svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${SPREAD.height}`,
      class: 'spread',
      role: 'img',
      'aria-label': `NPV from ${money(low)} to ${money(high)} ${currency}. The table has the same numbers.`,
    },
    line(low, high, 'thin'),
    line(risk.p10.value, risk.p90.value, 'thick'),
    marks.map(({ label, value }, at) => [
      svg('line', { x1: x(value), x2: x(value), y1: 28, y2: 44, class: 'mark' }),
      svg(
        'text',
        { x: x(value), y: at % 2 === 0 ? 20 : 58, 'text-anchor': 'middle' },
        `${label} ${money(value)}`,
      ),
    ]),
  );
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

function cashflowTable({ cashflows, deltas }: Valuation): HTMLElement {
  const delta = new Map(deltas.map(({ month, delta_mwh }) => [month, delta_mwh]));
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
      { head: '', text: true },
    ],
    cashflows.map((flow) => ({
      cells: [
        monthName(flow.month),
        money(flow.volume_mwh),
        price(flow.reference_price, 3),
        price(flow.capture_price, 3),
        perMwh(flow.strike),
        money(flow.market_leg),
        money(flow.contract_leg),
        money(flow.settlement),
        flow.discount_factor.toFixed(5),
        money(flow.pv),
        money(delta.get(flow.month) ?? 0),
        flow.extrapolated ? 'extrapolated' : flow.origin === 'strip' ? 'from a strip' : '',
      ],
    })),
  );
}
