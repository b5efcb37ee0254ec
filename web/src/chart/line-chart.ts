/**
 * Prices over delivery months: stepped lines, a band between bid and ask or between quantiles, one scale a unit. Picked
 * with the mouse or the arrow keys; the table beside it says the same to those who cannot see it.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h, themeColour } from '../dom.ts';
import { decimalsOf, monthName, price } from '../format.ts';

export interface Line {
  readonly label: string;
  readonly unit: string;
  /** Name of a colour of the theme. */
  readonly colour: string;
  /** One a position; null where the line has none. */
  readonly values: readonly (number | null)[];
  /** Shaded between, the outermost first. */
  readonly bands?: readonly Band[];
  readonly dashed?: boolean;
}

export interface Band {
  /** What lies between, for the legend. */
  readonly label: string;
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

export interface LineChartOptions {
  readonly label: string;
  /** First days of the delivery months, as seconds, ascending. */
  readonly months: readonly number[];
  readonly lines: readonly Line[];
  readonly onpick?: (line: number, index: number) => void;
  /** The position under the cursor; null when there is none. */
  readonly onhover?: (index: number | null) => void;
}

export interface Picked {
  readonly line: number;
  readonly index: number;
}

export interface LineChart {
  readonly element: HTMLElement;
  /** Marks a point. */
  select(picked: Picked | undefined): void;
  destroy(): void;
}

const AXIS_FONT = '11px system-ui, sans-serif';
const MIN_HEIGHT_PX = 220;
const FEW = 30;
const MONTH_S = 30 * 86_400;
const BAND_ALPHA = ['2e', '48', '60'];
/** Of its edges: a band that is thinner than the line in it is still seen. */
const EDGE_ALPHA = '99';

export function lineChart(options: LineChartOptions): LineChart {
  const element = document.createElement('div');
  element.className = 'chart';
  element.tabIndex = 0;
  element.setAttribute('role', 'group');
  element.setAttribute('aria-label', options.label);
  let plot: uPlot | undefined;
  let selected: Picked | undefined;
  const draw = () => {
    plot?.destroy();
    const { width, height } = sizeOf(element);
    plot = new uPlot(
      plotOptions(options, width, height, () => selected),
      dataOf(options),
      element,
    );
    markPainted();
  };
  const resized = new ResizeObserver(() => {
    const size = sizeOf(element);
    if (size.width === 0) return; // Taken off the page.
    if (plot === undefined) draw();
    else if (plot.width !== size.width || plot.height !== size.height) plot.setSize(size);
  });
  resized.observe(element);
  addEventListener('themechange', draw);
  element.addEventListener('keydown', (event) => plot !== undefined && byKey(event, plot, options, selected));
  return {
    element,
    select: (picked) => {
      selected = picked;
      plot?.redraw(false);
    },
    destroy: () => {
      resized.disconnect();
      removeEventListener('themechange', draw);
      plot?.destroy();
    },
  };
}

/** The time a chart could be seen at, since the page was asked for: what `scripts/screenshot-desk.ts --time` reads. */
const markPainted = () => requestAnimationFrame(() => setTimeout(() => performance.mark('chart')));

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: element.clientWidth, height: Math.max(MIN_HEIGHT_PX, element.clientHeight) };
}

/** Positions, then each line, then low and high of its bands; all go on to the end of the last month. */
function dataOf({ months, lines }: LineChartOptions): uPlot.AlignedData {
  const columns = lines.flatMap(({ values, bands = [] }) => [
    values,
    ...bands.flatMap(({ low, high }) => [low, high]),
  ]);
  const last = months.at(-1) ?? 0;
  const step = last - (months.at(-2) ?? last - MONTH_S);
  const held = columns.map((values) => [...values, values.at(-1) ?? null]);
  return [[...months, last + step], ...held] as uPlot.AlignedData;
}

function plotOptions(
  options: LineChartOptions,
  width: number,
  height: number,
  selected: () => Picked | undefined,
): uPlot.Options {
  const { lines } = options;
  const units = [...new Set(lines.map(({ unit }) => unit))];
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const line of lines) {
    series.push(lineSeries(line, options.months.length));
    for (const [depth] of (line.bands ?? []).entries()) {
      const at = series.length;
      const stroke = themeColour(line.colour) + EDGE_ALPHA;
      series.push(edge(line, stroke), edge(line, stroke));
      bands.push({ series: [at + 1, at], fill: themeColour(line.colour) + BAND_ALPHA[depth] });
    }
  }
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), 'UTC'),
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false },
      points: { size: 7 },
    },
    scales: { x: { time: true }, ...Object.fromEntries(units.map((unit) => [unit, {}])) },
    axes: [monthAxis(), ...units.slice(0, 2).map((unit, at) => priceAxis(unit, at, lines))],
    series,
    bands,
    hooks: {
      ready: [(plot) => plot.over.addEventListener('click', () => picked(plot, options))],
      setCursor: [(plot) => options.onhover?.(indexAt(plot, options))],
      draw: [(plot) => markSelected(plot, options, selected())],
    },
  };
}

const stepped = uPlot.paths.stepped!({ align: 1 });

/** Few points are shown as such: a step of one is no line; not at the end of the last month, up to which it is held. */
function lineSeries({ label, unit, colour, dashed }: Line, length: number): uPlot.Series {
  return {
    label,
    scale: unit,
    stroke: themeColour(colour),
    width: 1.5,
    paths: stepped,
    points: length < FEW ? { size: 4, filter: () => Array.from({ length }, (_, at) => at) } : { show: false },
    ...(dashed === true ? { dash: [5, 4] } : {}),
  };
}

/** Of a band: fainter than the line in it. */
const edge = ({ unit }: Line, stroke: string): uPlot.Series => ({
  scale: unit,
  stroke,
  width: 0.75,
  paths: stepped,
  points: { show: false },
});

function axis(more: uPlot.Axis): uPlot.Axis {
  return {
    stroke: themeColour('quiet'),
    font: AXIS_FONT,
    grid: { stroke: themeColour('grid'), width: 1 },
    ticks: { stroke: themeColour('line'), width: 1, size: 4 },
    ...more,
  };
}

/** Years where they are far enough apart, else months: on one line, so that nothing is cut off. */
function monthAxis(): uPlot.Axis {
  const day = (at: number) => new Date(at * 1_000).toISOString();
  const isYear = (at: number) => day(at).slice(5, 7) === '01';
  const names = (splits: readonly number[]) =>
    splits.map((at) => (splits.every(isYear) ? day(at).slice(0, 4) : monthName(day(at))));
  return axis({
    space: 70,
    size: 28,
    values: (_, splits) => names(splits).map((name, at, all) => (name === all[at - 1] ? '' : name)),
  });
}

/** With its unit beside it: two axes are two units. */
function priceAxis(unit: string, at: number, lines: readonly Line[]): uPlot.Axis {
  const own = lines.filter((line) => line.unit === unit);
  const largest = Math.max(1, ...own.flatMap(({ values }) => values.map((value) => Math.abs(value ?? 0))));
  return axis({
    scale: unit,
    side: at === 0 ? 3 : 1,
    size: 14 + 7 * price(largest, 1).length,
    label: unit,
    labelFont: AXIS_FONT,
    labelSize: 18,
    values: (_, splits) => splits.map((split) => price(split, decimalsOf(splits, 0))),
    ...(at === 0 ? {} : { grid: { show: false } }),
  });
}

function markSelected(plot: uPlot, { lines, months }: LineChartOptions, selected: Picked | undefined): void {
  if (selected === undefined) return;
  const line = lines[selected.line];
  const value = line?.values[selected.index];
  if (line === undefined || value === null || value === undefined) return;
  const x = plot.valToPos(months[selected.index]!, 'x', true);
  const y = plot.valToPos(value, line.unit, true);
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = themeColour('accent');
  ctx.fillStyle = themeColour('panel');
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  ctx.arc(x, y, 5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}

/** The end of the last month is still the last month. */
function indexAt({ cursor: { idx } }: uPlot, { months }: LineChartOptions): number | null {
  return idx === null || idx === undefined ? null : Math.min(idx, months.length - 1);
}

/** The line nearest to the cursor at its position. */
function picked(plot: uPlot, options: LineChartOptions): void {
  const { lines, onpick } = options;
  const { top } = plot.cursor;
  const idx = indexAt(plot, options);
  if (idx === null || top === undefined) return;
  const distances = lines.map(({ values, unit }) => {
    const value = values[idx];
    return value === null || value === undefined ? Infinity : Math.abs(plot.valToPos(value, unit) - top);
  });
  const nearest = Math.min(...distances);
  if (nearest < Infinity) onpick?.(distances.indexOf(nearest), idx);
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 };

function byKey(
  event: KeyboardEvent,
  plot: uPlot,
  options: LineChartOptions,
  selected: Picked | undefined,
): void {
  const { months, lines } = options;
  const last = months.length - 1;
  const now = indexAt(plot, options) ?? selected?.index ?? -1;
  const step = STEPS[event.key];
  const next =
    event.key === 'Home' ? 0 : event.key === 'End' ? last : step === undefined ? undefined : now + step;
  if (next !== undefined) {
    const index = Math.min(last, Math.max(0, next));
    const line = lines[selected?.line ?? 0] ?? lines[0]!;
    const value = line.values[index] ?? 0;
    plot.setCursor({ left: plot.valToPos(months[index]!, 'x'), top: plot.valToPos(value, line.unit) });
    event.preventDefault();
  } else if (event.key === 'Enter' || event.key === ' ') {
    // Without a cursor: what stands above the chart.
    if (indexAt(plot, options) === null) options.onpick?.(selected?.line ?? 0, selected?.index ?? 0);
    else picked(plot, options);
    event.preventDefault();
  }
}

/** `Jan 27   52.155   bid 51.900   ask 52.410` of a position; `name` where it is no month. */
export function readout(
  { months, lines }: Pick<LineChartOptions, 'months' | 'lines'>,
  index: number,
  name = monthName(new Date(months[index]! * 1000).toISOString()),
): string[] {
  const values = lines.map(({ label, values }) => {
    const value = values[index];
    return value === null || value === undefined ? '' : `${label} ${price(value, 3)}`;
  });
  return [name, ...values.filter((text) => text !== '')];
}

/** What the lines and their bands are. */
export function legend(lines: readonly Line[]): HTMLElement {
  const entry = (label: string, { colour, dashed }: Line, alpha = '') => {
    const swatch = h('i', { class: `swatch c-${colour}${alpha}${dashed === true ? ' dashed' : ''}` });
    return h('span', {}, swatch, label);
  };
  return h(
    'p',
    { class: 'legend' },
    lines.map((line) => [
      entry(line.label, line),
      (line.bands ?? []).map(({ label }, depth) => entry(label, line, ` band-${depth}`)),
    ]),
  );
}
