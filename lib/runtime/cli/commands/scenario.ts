/** `aurum scenario`: scenarios created, run, followed and compared, as the API does it. */
import { setTimeout as delay } from 'node:timers/promises';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import type { DriverDescription, ScenarioSummary } from '#schemas/scenario.ts';
import type { BandCoverage, ScenarioDiffRow, ScenarioOutput, ScenarioRun } from '#schemas/scenario-run.ts';
import { type ApiCall, apiClient } from '../api-client.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  dateOption,
  usageError,
  wholeNumberOption,
} from '../command.ts';
import { EXIT_REFUSED } from '../errors.ts';
import { readInput } from '../files.ts';
import { counted, tableText } from '../text.ts';

const POLL_MS = 250;
const DEFAULT_WAIT_S = 300;
const PAGE = '1000';

export const command: Command = {
  name: 'scenario',
  summary: 'scenarios: create, run, follow, compare',
  usage: [
    'scenario create FILE',
    '       aurum scenario list | drivers',
    '       aurum scenario run ID|NAME [--request FILE] [--as-of DATE] [--seed N] [--wait]',
    '       aurum scenario show RUN | outputs RUN | cancel RUN',
    '       aurum scenario diff A B',
  ].join('\n'),
  details: [
    'FILE holds the JSON body of POST /v1/scenarios, of --request that of POST /v1/scenarios/{id}/run (curves, window, bands);',
    '`drivers` shows what assumptions are made of. The same run asked for again is the same run. A and B are runs, or scenarios:',
    'then their newest run that succeeded. With --wait, exit 2 when the run fails.',
  ].join('\n'),
  options: {
    request: {
      value: 'FILE',
      description: 'what to run on; default every curve that the assumptions fit, no bands',
    },
    'as-of': { value: 'DATE', description: 'as-of day of the base curves; default the newest' },
    seed: { value: 'N', description: 'of the bands, 0 to 9007199254740991; default 0' },
    wait: { value: '', description: 'until the run has ended', flag: true },
    timeout: { value: 'SECONDS', description: `longest wait; default ${DEFAULT_WAIT_S}` },
    format: { value: 'F', description: 'default text', choices: ['text', 'ndjson'] },
  },
  run: async (given, io) => {
    const [action, ...names] = given.positionals;
    const found = action !== undefined && Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (found === undefined || names.length !== found.names) {
      throw usageError('action_unknown', `say one of ${Object.keys(ACTIONS).join(', ')}`, 'scenario');
    }
    return found.run({ given, io, api: apiClient(io) }, ...names);
  },
};

interface Session {
  readonly given: CommandArguments;
  readonly io: CommandIo;
  readonly api: ApiCall;
}

interface Action {
  /** How many names it takes. */
  readonly names: number;
  readonly run: (session: Session, ...names: string[]) => Promise<number | undefined>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  create: { names: 1, run: (session, file) => create(session, file!) },
  list: { names: 0, run: list },
  drivers: { names: 0, run: showDrivers },
  run: { names: 1, run: (session, scenario) => start(session, scenario!) },
  show: { names: 1, run: (session, run_id) => show(session, run_id!) },
  outputs: { names: 1, run: (session, run_id) => outputs(session, run_id!) },
  cancel: { names: 1, run: (session, run_id) => cancel(session, run_id!) },
  diff: { names: 2, run: (session, a, b) => diff(session, a!, b!) },
};

const asText = ({ given }: Session) => (given.options.format ?? 'text') === 'text';
const part = (name: string) => encodeURIComponent(name);

/** Rows as a table, or one JSON object a line. */
async function write<Row>(
  session: Session,
  rows: readonly Row[],
  header: readonly string[],
  cells: (row: Row) => readonly (string | number | null)[],
): Promise<void> {
  if (asText(session)) await session.io.out(tableText(header, rows.map(cells)));
  else for (const row of rows) await session.io.out(`${JSON.stringify(row)}\n`);
}

async function jsonFile(path: string): Promise<Record<string, unknown>> {
  const bytes = await readInput(path);
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  } catch (cause) {
    throw refusal('file_not_json', (cause as Error).message, { file: path, remedy: 'Write JSON.', cause });
  }
}

async function create(session: Session, path: string): Promise<undefined> {
  const { data } = await session.api<ScenarioSummary>('/v1/scenarios', {}, await jsonFile(path));
  session.io.tell(`${data.name}: version ${data.version}, ${counted(data.assumption_count, 'assumption')}\n`);
  await session.io.out(asText(session) ? `${data.id}\n` : `${JSON.stringify(data)}\n`);
}

async function list(session: Session): Promise<undefined> {
  const scenarios = await pages<ScenarioSummary>(session.api, '/v1/scenarios', {});
  await write(session, scenarios, ['ID', 'NAME', 'VERSION', 'ASSUMPTIONS', 'CREATED', 'BY'], (one) => [
    one.id,
    one.name,
    one.version,
    one.assumption_count,
    one.created_at,
    one.created_by,
  ]);
  if (scenarios.length === 0)
    session.io.tell('There is no scenario yet. Make one: aurum scenario create FILE\n');
}

async function pages<Row>(
  api: ApiCall,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await api<Row[]>(path, { ...query, limit: PAGE, cursor });
    rows.push(...page.data);
    cursor = (page.meta.next_cursor as string | null) ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

async function showDrivers(session: Session): Promise<undefined> {
  const { data } = await session.api<DriverDescription[]>('/v1/scenarios/drivers');
  if (!asText(session)) {
    for (const driver of data) await session.io.out(`${JSON.stringify(driver)}\n`);
    return;
  }
  for (const description of data) {
    const { driver, version, summary, formula, units, source, example, example_applies_to } = description;
    const lines = [`${driver}, version ${version}: ${summary}`, formula, units, `Source: ${source}`];
    const assumption = { id: driver, driver, applies_to: example_applies_to, parameters: example };
    await session.io.out(`${[...lines, JSON.stringify(assumption)].join('\n  ')}\n\n`);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a scenario that is named by id or by its whole name; any other id as it is. */
async function scenarioId({ api }: Session, name: string): Promise<string> {
  if (UUID.test(name)) return name;
  const found = await pages<ScenarioSummary>(api, '/v1/scenarios', { name });
  const exact = found.find((scenario) => scenario.name === name);
  if (exact !== undefined) return exact.id;
  throw refusal('scenario_not_found', `there is no scenario "${name}"`, {
    remedy: 'See: aurum scenario list',
  });
}

async function start(session: Session, name: string): Promise<number | undefined> {
  const { given, io, api } = session;
  const { request, seed } = given.options;
  if (seed !== undefined && !/^\d{1,16}$/.test(seed)) {
    throw usageError('number_invalid', `--seed is no whole number: "${seed}"`, 'scenario');
  }
  const asof = dateOption(given, 'as-of', 'scenario');
  const body = {
    ...(request === undefined ? {} : await jsonFile(request)),
    ...(asof === undefined ? {} : { asof }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  };
  const id = await scenarioId(session, name);
  const { data } = await api<ScenarioRun>(`/v1/scenarios/${id}/run`, {}, body);
  const run = given.options.wait === undefined ? data : await ended(session, data);
  await io.out(asText(session) ? `${run.run_id}\n` : `${JSON.stringify(run)}\n`);
  io.tell(`${sentenceOf(run)}\n`);
  return run.state === 'failed' ? EXIT_REFUSED : undefined;
}

const isOver = ({ state }: ScenarioRun) => state !== 'queued' && state !== 'running';

async function ended({ given, api }: Session, asked: ScenarioRun): Promise<ScenarioRun> {
  const timeout_s = wholeNumberOption(given, 'timeout', 'scenario') ?? DEFAULT_WAIT_S;
  const deadline_ms = performance.now() + timeout_s * 1_000;
  for (let run = asked; ; ) {
    if (isOver(run)) return run;
    if (performance.now() > deadline_ms) {
      throw new AurumError('busy', 'run_unfinished', `the run is still ${run.state} after ${timeout_s} s`, {
        remedy: `It goes on without this command; see aurum scenario show ${run.run_id}`,
      });
    }
    await delay(POLL_MS);
    run = (await api<ScenarioRun>(`/v1/scenarios/runs/${run.run_id}`)).data;
  }
}

function sentenceOf(run: ScenarioRun): string {
  const { state, asof_date, curve_count, row_count, error, notes, band_coverage } = run;
  const counts =
    row_count === null ? '' : `, ${counted(curve_count ?? 0, 'curve')}, ${counted(row_count, 'row')}`;
  const { field, remedy, ...why } = error ?? { field: null, remedy: null, code: '', message: '' };
  const place = { ...(field === null ? {} : { field }), ...(remedy === null ? {} : { remedy }) };
  const reason = error === null ? '' : `: ${errorLine({ ...why, ...place })}`;
  const coverage = band_coverage === null ? [] : [coverageLine(band_coverage)];
  const lines = [...coverage, ...notes].map((line) => `  ${line}`);
  return [`${state}, as of ${asof_date}${counts}${reason}`, ...lines].join('\n');
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function coverageLine(found: BandCoverage): string {
  const { level, coverage, binomial_error, moves, contracts, from, to, lowest } = found;
  return [
    `the ${percent(level)} band held ${percent(coverage)} +- ${percent(binomial_error)} of ${counted(contracts, 'price')}`,
    `on ${counted(moves, 'held-out day')}, ${from} to ${to}; least ${percent(lowest.coverage)} of one curve`,
  ].join(' ');
}

async function show(session: Session, run_id: string): Promise<undefined> {
  const { data } = await session.api<ScenarioRun>(`/v1/scenarios/runs/${part(run_id)}`);
  await session.io.out(asText(session) ? `${sentenceOf(data)}\n` : `${JSON.stringify(data)}\n`);
}

async function cancel(session: Session, run_id: string): Promise<undefined> {
  const { data } = await session.api<ScenarioRun>(`/v1/scenarios/runs/${part(run_id)}/cancel`, {}, {});
  session.io.tell(`${sentenceOf(data)}\n`);
}

const curveOf = ({ iso, region, location, market, block }: ScenarioOutput | ScenarioDiffRow): string =>
  [...new Set([iso ?? region, location, market, block])].filter((text) => text !== null).join(' ');

/** `carbon 7.2, growth 0.41`: four figures are for the eye, all of them are in ndjson. */
const sharesOf = (shares: Readonly<Record<string, number>>): string =>
  Object.entries(shares)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');

async function outputs(session: Session, run_id: string): Promise<undefined> {
  const path = `/v1/scenarios/runs/${part(run_id)}/outputs`;
  const rows = await pages<ScenarioOutput>(session.api, path, {});
  await write(session, rows, ['CURVE', 'MONTH', 'BASE', 'SCENARIO', 'CHANGE', 'SHARES', 'BANDS'], (row) => [
    curveOf(row),
    row.contract_month.slice(0, 7),
    row.base_price,
    row.scenario_price,
    row.delta,
    sharesOf(row.attribution),
    sharesOf(row.bands) || null,
  ]);
}

async function diff(session: Session, ...names: [string, string]): Promise<undefined> {
  const [a, b] = (await Promise.all(names.map((name) => scenarioId(session, name)))) as [string, string];
  const { meta, data } = await session.api<ScenarioDiffRow[]>('/v1/scenarios/diff', { a, b });
  await write(session, data, ['CURVE', 'MONTH', 'A', 'B', 'CHANGE', 'OF THE BASE', 'SHARES'], (row) => [
    curveOf(row),
    row.contract_month.slice(0, 7),
    row.price_a,
    row.price_b,
    row.delta,
    row.base_delta,
    sharesOf(row.attribution),
  ]);
  const alone = ['only_in_a', 'only_in_b'].map((side) => (meta[side] as readonly unknown[]).length);
  if (alone.some((count) => count > 0)) {
    session.io.tell(`Not compared: ${counted(alone[0]!, 'month')} only in A, ${alone[1]} only in B\n`);
  }
}
