/** The change between two days of one curve, in the parts that explain it: they sum to it. */
import type { Row } from '../../../client/aurum.ts';
import { type BarPart, barChart } from '../chart/bars.ts';
import { type Child, h } from '../dom.ts';
import { change, count, monthName, price } from '../format.ts';
import { emptyView, region } from '../region.ts';
import { api } from '../session.ts';
import { table } from '../table.ts';
import type { Series } from './series.ts';

type Diff = Row<'GET /v1/curves/diff'>;
type Part = keyof Diff['totals']['parts'];

const PARTS: readonly (BarPart & { readonly part: Part })[] = [
  { part: 'roll', label: 'roll', colour: 'part-1' },
  { part: 'parallel', label: 'parallel', colour: 'part-2' },
  { part: 'slope', label: 'slope', colour: 'part-3' },
  { part: 'spike', label: 'spike', colour: 'part-4' },
  { part: 'rest', label: 'rest', colour: 'part-5' },
];

export interface DiffPanel {
  readonly element: HTMLElement;
  /** Shows the change when the series are one curve on two days. */
  show(series: readonly Series[]): void;
}

export function diffPanel(): DiffPanel {
  const part = region();
  let shown = '';
  return {
    element: part.element,
    show(series) {
      const days = daysOf(series);
      const text = days === undefined ? '' : `${series[0]!.info.reference}${days}`;
      if (text === shown) return;
      shown = text;
      part.show();
      if (days === undefined) return;
      const [from, to] = days;
      const { info } = series[0]!;
      void part.load('the change', async (signal) => {
        const { data } = await api.get(
          '/v1/curves/diff',
          { curve_key: info.curve.curve_key, from: from!, to: to!, tenor_type: 'MONTHLY' },
          { signal },
        );
        const diff = data.find(({ vendor }) => vendor === info.curve.vendor);
        if (diff === undefined) return emptyView(`Nothing was quoted on ${from} and ${to}.`);
        return panel(diff, from!, to!, info.unit);
      });
    },
  };
}

function daysOf([a, b, ...more]: readonly Series[]): readonly string[] | undefined {
  if (a === undefined || b === undefined || more.length > 0) return undefined;
  if (a.info.reference !== b.info.reference || a.asof === b.asof) return undefined;
  return [a.asof, b.asof].sort();
}

function panel(diff: Diff, from: string, to: string, unit: string): HTMLElement {
  const { fit, totals, tenors } = diff;
  const changed = tenors.filter(({ status }) => status === 'changed');
  const mean = changed.reduce((sum, tenor) => sum + tenor.change, 0) / Math.max(1, changed.length);
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Change explained' },
    h('h2', {}, `Change from ${from} to ${to}`, h('span', { class: 'quiet' }, ` ${unit}`)),
    h('dl', { class: 'facts' }, [
      fact('Mean change', change(mean, 3)),
      fact('Parallel', change(fit?.parallel, 3) || '–'),
      fact('Slope a year', change(fit?.slope_per_year, 3) || '–'),
      fact('Spikes', count(totals.spikes)),
      fact('New months', count(totals.new)),
      fact('Dropped months', count(totals.dropped)),
    ]),
    h('div', { class: 'chart-and-table even' }, [
      barChart({
        label: 'Change of each month, in its parts. The table has the same numbers.',
        unit,
        parts: PARTS,
        bars: changed.map(({ contract_month, parts }) => ({
          label: monthName(contract_month),
          values: PARTS.map(({ part }) => parts[part]),
        })),
        totals: true,
      }),
      table(
        'Change by month and part',
        [
          { head: 'Delivery', text: true },
          { head: from },
          { head: to },
          { head: 'Change' },
          ...PARTS.map(({ label }) => ({ head: label })),
        ],
        tenors.map(({ contract_month, status, a, b, change: whole, parts }) => ({
          cells: [
            monthName(contract_month),
            price(a, 3),
            price(b, 3),
            status === 'changed' ? change(whole, 3) : status,
            ...PARTS.map(({ part }) => (status === 'changed' ? change(parts[part], 3) : '')),
          ],
        })),
      ),
    ]),
  );
}

export const fact = (term: string, value: Child): HTMLElement =>
  h('div', {}, h('dt', {}, term), h('dd', {}, value));
