/** Scenarios: made of drivers, run on curves, their runs shown and compared. */
import type { Body, Row } from '../../../client/aurum.ts';
import { type Child, h } from '../dom.ts';
import { clock, count } from '../format.ts';
import { jsonForm } from '../json-form.ts';
import type { View } from '../market/view.ts';
import { fresh, go, linkTo, place } from '../place.ts';
import { emptyView, region } from '../region.ts';
import { api, type Me } from '../session.ts';
import { table } from '../table.ts';
import { type NamedRun, runPanel } from './run.ts';

type Driver = Row<'GET /v1/scenarios/drivers'>;
type Run = Row<'GET /v1/scenarios/runs'>;
type RunRequest = Body<'POST /v1/scenarios/{id}/run'>;
type Scenario = Body<'POST /v1/scenarios'>;

const POLL_BUSY_MS = 800;

/** Where no history is long enough to estimate it from, a model of the desk's own. */
const FIRST_REQUEST: RunRequest = {
  curves: { asset_class: 'power', iso: 'PJM', market: 'West' },
  bands: {
    model: { sigma_short: 0.6, reversion_short: 2, sigma_long: 0.15, correlation: 0.2 },
    paths: 5_000,
  },
};

const ESTIMATED =
  'Without "model" the volatilities are estimated from the released days, and the run says what share of days held out the band would have caught: 80 days are needed.';

export function scenariosView(me: Me): View {
  const list = region();
  const run = runPanel();
  const writer = me.permissions.includes('scenarios:write') ? writePanel(() => void refresh()) : null;
  const element = h('div', { class: 'stack' }, list.element, run.element, writer);
  let timer: number | undefined;

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    await list.load('runs', async (signal) => {
      const [runs, scenarios] = await Promise.all([
        api.get('/v1/scenarios/runs', { limit: 100 }, { signal }),
        api.get('/v1/scenarios', { limit: 1_000 }, { signal }),
      ]);
      const names = new Map(scenarios.data.map(({ id, name }) => [id, name]));
      const nameOf = (one: Run) => ({ ...one, name: names.get(one.scenario_id) ?? one.scenario_id });
      const named = runs.data.map(nameOf);
      const isBusy = runs.data.some(({ state }) => state === 'queued' || state === 'running');
      if (isBusy && element.isConnected) timer = setTimeout(() => void refresh(), POLL_BUSY_MS);
      const { parameters } = place();
      // Of a hundred and more the older ones are not listed.
      const runOf = async (run_id: string | null) => {
        if (run_id === null) return undefined;
        const listed = named.find((one) => one.run_id === run_id);
        return listed ?? nameOf((await api.get('/v1/scenarios/runs/{run_id}', { run_id }, { signal })).data);
      };
      try {
        const chosen = await runOf(parameters.get('run'));
        const other = chosen && (await runOf(parameters.get('with')));
        if (!signal.aborted) run.show(chosen, other, parameters.get('curve'));
        return runsTable(named, chosen, other);
      } catch (error) {
        if (!signal.aborted) run.fail(error);
        return runsTable(named, undefined, undefined);
      }
    });
  }
  return { element, update: () => void refresh() };
}

function runsTable(
  runs: readonly NamedRun[],
  chosen: NamedRun | undefined,
  other: NamedRun | undefined,
): HTMLElement {
  if (runs.length === 0) return emptyView('No scenario has been run yet. Write one below.');
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'Scenario runs'),
    table(
      'Scenario runs, newest first',
      [
        { head: 'Scenario', text: true },
        { head: 'State', text: true },
        { head: 'As of', text: true },
        { head: 'Curves' },
        { head: 'Rows' },
        { head: 'Said', text: true },
        { head: 'At', text: true },
        { head: 'Compare', text: true },
      ],
      runs.map((run) => ({
        selected: run === chosen || run === other,
        cells: [
          h('a', linkTo({ run: run.run_id, with: undefined, curve: undefined }), run.name),
          h('span', { class: stateClass(run.state) }, run.state),
          run.asof_date,
          run.curve_count === null ? '' : count(run.curve_count),
          run.row_count === null ? '' : count(run.row_count),
          said(run.error?.message ?? run.notes.join('; ')),
          clock(run.created_at),
          compareLink(run, chosen),
        ],
      })),
    ),
  );
}

export const stateClass = (state: string): string =>
  state === 'succeeded' ? 'up' : state === 'failed' ? 'down' : 'quiet';

const said = (text: string) => h('span', { class: 'said', title: text }, text);

function compareLink(run: NamedRun, chosen: NamedRun | undefined): Child {
  if (chosen === undefined || run === chosen || run.state !== 'succeeded' || chosen.state !== 'succeeded')
    return null;
  return h(
    'a',
    { ...linkTo({ with: run.run_id }), 'aria-label': `compare ${chosen.name} with ${run.name}` },
    'compare',
  );
}

/** One driver's example to begin with; more are added by hand. */
function writePanel(asked: () => void): HTMLElement {
  const part = region();
  void part.load('the drivers', async (signal) => {
    const { data } = await api.get('/v1/scenarios/drivers', {}, { signal });
    return form(data, asked);
  });
  return h('section', { class: 'panel' }, h('h2', {}, 'New scenario'), part.element);
}

function form(drivers: readonly Driver[], asked: () => void): Child {
  const first = drivers.find(({ driver }) => driver === 'load_growth') ?? drivers[0]!;
  const about = h('p', { class: 'hint' });
  const scenarioOf = ({ driver, example, example_applies_to: applies_to }: Driver): Scenario => ({
    name: driver.replaceAll('_', ' '),
    assumptions: [{ id: driver, driver, applies_to, parameters: example }],
  });
  const editor = jsonForm(
    'Create and run',
    [
      { name: 'scenario', label: 'Scenario: assumptions in any order', value: scenarioOf(first), rows: 12 },
      { name: 'request', label: 'Run: curves, bands, seed', value: FIRST_REQUEST, rows: 12 },
    ],
    async ({ scenario, request }) => {
      const { data } = await api.post('/v1/scenarios', {}, scenario as Scenario);
      const run = await api.post('/v1/scenarios/{id}/run', { id: data.id }, request as RunRequest);
      go(fresh('scenarios', { run: run.data.run_id }));
      asked();
    },
  );
  const describe = ({ summary, formula, units }: Driver) => {
    about.textContent = `${summary}. ${formula}. Units: ${units}.`;
  };
  describe(first);
  const choose = (event: Event) => {
    const driver = drivers.find((one) => one.driver === (event.target as HTMLSelectElement).value)!;
    describe(driver);
    editor.set('scenario', scenarioOf(driver));
  };
  const options = drivers.map(({ driver }) =>
    h('option', { value: driver, selected: driver === first.driver }, driver),
  );
  return [
    h('label', {}, 'Begin with ', h('select', { onchange: choose }, options)),
    about,
    editor.element,
    h('p', { class: 'hint' }, ESTIMATED),
  ];
}
