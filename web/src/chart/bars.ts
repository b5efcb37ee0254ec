/** Stacked bars, positive parts up and negative ones down, with their total as a mark. Its table says the same. */
import { h, show, svg } from '../dom.ts';
import { price } from '../format.ts';

export interface BarPart {
  readonly label: string;
  /** Name of a colour of the theme. */
  readonly colour: string;
}

export interface Bar {
  readonly label: string;
  /** One a part. */
  readonly values: readonly number[];
  /** Where it begins; default 0. */
  readonly from?: number;
}

export interface BarsOptions {
  readonly label: string;
  readonly unit: string;
  readonly parts: readonly BarPart[];
  readonly bars: readonly Bar[];
  /** Marks the sum of each bar; for one part it is the bar itself. */
  readonly totals?: boolean;
  /** The scale goes to this at least, so that next to nothing looks it. */
  readonly least?: number;
}

const HEIGHT = 220;
const MARGIN = { left: 66, right: 4, top: 10, bottom: 22 };
const LETTER_PX = 6.4;
const LABEL_GAP_PX = 12;

export function barChart(options: BarsOptions): HTMLElement {
  const figure = h('figure', { class: 'bars' });
  let drawn_px = 0;
  new ResizeObserver(() => {
    const width = figure.clientWidth;
    // Taken off the page it has no width.
    if (width === drawn_px || width === 0) return;
    drawn_px = width;
    show(figure, drawing(options, width), legend(options.parts));
  }).observe(figure);
  return figure;
}

function drawing(options: BarsOptions, width: number): SVGElement {
  const { label, unit, bars, least = 0 } = options;
  const sums = bars.map(({ values, from = 0 }) => [
    from + sum(values, (value) => value > 0),
    from + sum(values, (value) => value < 0),
  ]);
  const high = Math.max(least, ...sums.map(([up]) => up!));
  const low = Math.min(-least, ...sums.map(([, down]) => down!));
  const scale = scaleOf(low, high);
  const slot = (width - MARGIN.left - MARGIN.right) / Math.max(1, bars.length);
  const widest_px = Math.max(0, ...bars.map((bar) => bar.label.length)) * LETTER_PX;
  const every = Math.ceil((widest_px + LABEL_GAP_PX) / slot);
  const middle = (at: number) => MARGIN.left + (at + 0.5) * slot;
  // The last one is left out where it would be cut off.
  const isLabelled = (at: number) => at % every === 0 && middle(at) + widest_px / 2 <= width;
  return svg(
    'svg',
    { width, height: HEIGHT, role: 'img', 'aria-label': label },
    scale.ticks.map((tick) => tickLine(tick, scale, width)),
    bars.map((bar, at) => stack(bar, MARGIN.left + at * slot, slot, options, scale)),
    bars.map((bar, at) =>
      isLabelled(at)
        ? svg('text', { x: middle(at), y: HEIGHT - 6, 'text-anchor': 'middle' }, bar.label)
        : null,
    ),
    unitLabel(unit),
  );
}

/** Along the axis, as the line charts have it. */
function unitLabel(unit: string): SVGElement {
  const [x, y] = [11, (MARGIN.top + HEIGHT - MARGIN.bottom) / 2];
  return svg('text', { x, y, transform: `rotate(-90 ${x} ${y})`, 'text-anchor': 'middle' }, unit);
}

function legend(parts: readonly BarPart[]): HTMLElement {
  return h(
    'figcaption',
    { class: 'legend' },
    parts.map(({ label, colour }) => h('span', {}, h('i', { class: `swatch c-${colour}` }), label)),
  );
}

const sum = (values: readonly number[], wanted: (value: number) => boolean) =>
  values.reduce((total, value) => (wanted(value) ? total + value : total), 0);

interface Scale {
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
  readonly decimals: number;
}

function scaleOf(low: number, high: number): Scale {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step) * step;
  const last = Math.ceil(high / step) * step || step;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const ticks = Array.from({ length: Math.round((last - first) / step) + 1 }, (_, at) => first + at * step);
  return {
    y: (value) => MARGIN.top + ((last - value) / (last - first)) * height,
    ticks,
    decimals: Math.max(0, -Math.floor(Math.log10(step))),
  };
}

function tickLine(tick: number, { y, decimals }: Scale, width: number): SVGElement {
  const at = y(tick);
  const isZero = Math.abs(tick) < 1e-9;
  return svg(
    'g',
    {},
    svg('line', {
      x1: MARGIN.left,
      x2: width - MARGIN.right,
      y1: at,
      y2: at,
      class: isZero ? 'zero' : 'grid',
    }),
    svg('text', { x: MARGIN.left - 6, y: at + 4, 'text-anchor': 'end' }, tickText(tick, decimals)),
  );
}

/** Money in millions where it is. */
function tickText(tick: number, decimals: number): string {
  const size = Math.abs(tick);
  if (size >= 1e6) return `${price(tick / 1e6, size < 1e7 ? 1 : 0)}m`;
  if (size >= 1e4) return `${price(tick / 1e3, 0)}k`;
  return price(tick, decimals);
}

function stack(bar: Bar, left: number, slot: number, options: BarsOptions, { y }: Scale): SVGElement {
  const { parts, totals, unit } = options;
  const gap = Math.min(4, slot * 0.2);
  let up = bar.from ?? 0;
  let down = up;
  const total = bar.values.reduce((all, value) => all + value, 0);
  const said = parts.map(({ label }, at) => `${label} ${price(bar.values[at] ?? 0, 3)}`).join('\n');
  return svg(
    'g',
    {},
    svg('title', {}, `${bar.label}  ${price(total, 3)} ${unit}\n${said}`),
    parts.map(({ colour }, at) => {
      const value = bar.values[at] ?? 0;
      const from = value >= 0 ? up : down;
      if (value >= 0) up += value;
      else down += value;
      const top = Math.min(y(from), y(from + value));
      const height = Math.abs(y(from + value) - y(from));
      return svg('rect', { x: left + gap / 2, y: top, width: slot - gap, height, class: `c-${colour}` });
    }),
    totals === true
      ? svg('line', { x1: left, x2: left + slot, y1: y(total), y2: y(total), class: 'total' })
      : null,
  );
}
