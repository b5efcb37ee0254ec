/** One delivery: its report, the checks of its gate, the coverage map of its cells. */
import type { Answer } from '../../../client/aurum.ts';
import { type Child, h, show } from '../dom.ts';
import { count, spoken } from '../format.ts';
import { verdictView } from '../lineage.ts';
import { fact } from '../market/diff.ts';
import { linkTo } from '../place.ts';
import { emptyView, intoSight, region } from '../region.ts';
import { api, type Me } from '../session.ts';
import { table } from '../table.ts';
import { decisionsPanel, whyHeld } from './decisions.ts';
import { type Delivery, isRed, stages } from './deliveries.ts';

type Release = Answer<'GET /v1/releases/{version}'>['data'];
type Gate = Answer<'GET /v1/quarantine/{version}'>['data'];

export interface DeliveryPanel {
  readonly element: HTMLElement;
  /** @param waiting versions of those that wait for the approval of a correction. */
  show(delivery: Delivery | undefined, waiting: ReadonlySet<string>): void;
}

/** @param decided hears of a decision on the delivery that is shown. */
export function deliveryPanel(me: Me, decided: (delivery: Delivery) => void): DeliveryPanel {
  const element = h('div', { class: 'stack' });
  let shown = '';
  return {
    element,
    show(delivery, waiting) {
      const text =
        delivery === undefined
          ? ''
          : [delivery.source_key, delivery.etag, delivery.stage, waiting.has(delivery.version ?? '')].join(
              ' ',
            );
      if (text === shown) return;
      const isOther = delivery !== undefined && !shown.startsWith(`${delivery.source_key} `);
      shown = text;
      if (delivery === undefined) show(element);
      else
        show(
          element,
          panel(delivery, waiting, me, () => decided(delivery)),
        );
      if (isOther) intoSight(element);
    },
  };
}

function panel(delivery: Delivery, waiting: ReadonlySet<string>, me: Me, decided: () => void): HTMLElement {
  const report = region();
  const load = () => void report.load('the report', (signal) => reportOf(delivery, me, reload, signal));
  const reload = () => {
    load();
    decided();
  };
  load();
  return h(
    'section',
    { class: 'panel', 'aria-label': delivery.file },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, delivery.file),
      stages(delivery, waiting),
      h('a', { ...linkTo({ key: undefined }), class: 'remove', 'aria-label': 'Close' }, '×'),
    ),
    h('p', { class: isRed(delivery) ? 'down' : 'quiet' }, spoken(delivery.detail)),
    delivery.version !== null && waiting.has(delivery.version)
      ? h(
          'p',
          {},
          'It corrects a day that is released. ',
          h('a', linkTo({ fix: delivery.version }), 'See what it changes, and approve or reject it.'),
        )
      : null,
    report.element,
    // Of what was refused no cell was read.
    delivery.stage === 'refused' ? null : coverageMap(delivery),
  );
}

function coverageMap(delivery: Delivery): HTMLElement {
  const map = region({ class: 'coverage' });
  const onclick = () => void map.load('the coverage map', (signal) => coverage(delivery, signal));
  map.show(h('button', { type: 'button', onclick }, 'Draw the coverage map'));
  return map.element;
}

async function reportOf(
  { stage, version }: Delivery,
  me: Me,
  reload: () => void,
  signal: AbortSignal,
): Promise<Child> {
  if (version === null) return null;
  if (stage === 'quarantined') {
    const { data } = await api.get('/v1/quarantine/{version}', { version }, { signal });
    return [quarantineReport(data), decisionsPanel(data, me, reload), notMetEither(data)];
  }
  if (stage === 'released' || stage === 'published') {
    const { data } = await api.get('/v1/releases/{version}', { version }, { signal });
    return releaseReport(data);
  }
  return null;
}

function releaseReport({ counts, gate, warnings, notes, release }: Release): Child {
  return [
    h('dl', { class: 'facts' }, [
      fact('Rows', count(release.row_count)),
      counts && fact('Curves', count(counts.curves)),
      counts && fact('Failures', count(counts.failures)),
      fact('Gate', gate === null ? '–' : verdictView(gate.verdict)),
      fact('Warnings', count(release.warnings ?? 0)),
      fact('Version', release.version),
      fact('Current', release.current ? 'yes' : `replaced by ${release.superseded_by}`),
    ]),
    notes.map((note) => h('p', { class: 'hint' }, note)),
    gate && suites(gate.suites),
    warnings.length === 0
      ? null
      : h(
          'div',
          {},
          h('h3', {}, gate?.verdict === 'overridden' ? 'Not met, and let pass' : 'Warnings'),
          table(
            'Warnings',
            [
              { head: 'Rule', text: true },
              { head: 'Of' },
              { head: 'Not met' },
              { head: 'First cells', text: true },
            ],
            warnings.map(({ rule, expectation, column, element_count, unexpected_count, cells }) => ({
              cells: [
                rule ?? `${expectation} ${column}`,
                count(element_count),
                count(unexpected_count),
                cells.slice(0, 6).join(', '),
              ],
            })),
          ),
        ),
  ];
}

const suites = (all: NonNullable<Release['gate']>['suites']) =>
  table(
    'Suites of the gate',
    [
      { head: 'Suite', text: true },
      { head: 'Expectations' },
      { head: 'Not met' },
      { head: 'Verdict', text: true },
    ],
    all.map(({ suite, evaluated, unsuccessful, success }) => ({
      cells: [
        suite,
        count(evaluated),
        count(unsuccessful),
        h('span', { class: success ? 'up' : 'down' }, success ? 'holds' : 'fails'),
      ],
    })),
  );

/** First what holds it back. */
function quarantineReport({ report, standing }: Gate): Child {
  return [
    h('dl', { class: 'facts' }, [
      fact('Rows', count(report.row_count)),
      fact('Curves', count(report.curve_count)),
      fact('Failures', count(report.failure_count)),
      fact('Version', report.version),
    ]),
    whyHeld(standing),
    report.failures.length === 0
      ? null
      : h(
          'div',
          {},
          h('h3', {}, 'Cells that could not be read'),
          table(
            'Cells that could not be read',
            [
              { head: 'Cell', text: true },
              { head: 'Holds', text: true },
              { head: 'Reason', text: true },
              { head: 'Code', text: true },
            ],
            report.failures.slice(0, 200).map(({ sheet, cell, raw, message, code }) => ({
              cells: [`${sheet}!${cell}`, h('code', {}, raw), message, code],
            })),
          ),
        ),
  ];
}

function notMetEither({ suites: all }: Gate): Child {
  const failed = all.flatMap(({ suite_name, results }) =>
    results
      .filter(({ success, expectation_config }) => !success && expectation_config.severity !== 'critical')
      .map((result) => ({ suite_name, ...result })),
  );
  if (failed.length === 0) return null;
  return [
    h('h3', {}, 'Not met either, and no reason to hold it'),
    table(
      'Not met either',
      [
        { head: 'Rule', text: true },
        { head: 'Suite', text: true },
        { head: 'Severity', text: true },
      ],
      failed.map(({ suite_name, expectation_config }) => ({
        cells: [ruleOf(expectation_config), suite_name, expectation_config.severity],
      })),
    ),
  ];
}

/** In words where the suite has them. */
const ruleOf = ({ type, kwargs, meta }: Gate['suites'][number]['results'][number]['expectation_config']) =>
  typeof meta.notes === 'string' ? meta.notes : `${type} ${kwargs.column ?? ''}`;

/** In a frame that can run its own script and reach nothing. */
async function coverage({ source_key, file }: Delivery, signal: AbortSignal): Promise<Child> {
  const page = await api.get('/v1/ingest/coverage', { key: source_key }, { signal, accept: 'text/html' });
  const html = await page.text();
  if (html === '') return emptyView('There is nothing to draw.');
  return h('iframe', { sandbox: 'allow-scripts', srcdoc: html, title: `Coverage map of ${file}` });
}
