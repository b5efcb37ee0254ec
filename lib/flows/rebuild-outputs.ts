/**
 * The rows of scenario runs back on main: from the data file where the bucket still has it, else from the event log. A run
 * whose rows are nowhere, or that had not ended, is one that failed and may be asked for again.
 */
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import type { ErrorDetail } from '#lib/domain/errors.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { ScenarioOutputRow } from '#schemas/lake.ts';
import type { ScenarioOutput } from '#schemas/scenario-run.ts';
import { attempt, type Steps } from './rebuild-steps.ts';
import { commitOutput, publishOutput } from './run-scenario.ts';
import { shownOutput, storedOutput } from './scenario-outputs.ts';
import type { KeptRow } from './tenant-records.ts';

export interface OutputPorts {
  readonly tables: Tables;
  readonly objects: ObjectStore;
  readonly bus: EventBus;
  readonly clock: Clock;
}

/** Runs as they are to be listed, each once its rows are seen. */
export async function* restoreOutputs(
  kept: readonly KeptRow[],
  ports: OutputPorts,
  steps: Steps,
): AsyncGenerator<KeptRow> {
  const missing = new Map<string, KeptRow>();
  for (const run of kept) {
    const { id, state, data_file } = run;
    if (state !== 'succeeded') yield ended(run, ports.clock, steps);
    else if ((await ports.objects.head(String(data_file))) === undefined) missing.set(String(id), run);
    else {
      const rows = async () => ports.tables.readRows('market.scenario_output', String(data_file));
      const restored = await attempt(steps, `output of run ${id}`, async () =>
        shown(run, await rows(), ports),
      );
      yield restored ?? lost(run, ports.clock);
    }
  }
  if (missing.size === 0) return;
  for await (const [id, rows] of loggedRows(missing, ports.bus)) {
    const run = missing.get(id)!;
    const restored = await attempt(steps, `output of run ${id}`, () =>
      shown(run, rows.map(storedOutput), ports),
    );
    missing.delete(id);
    yield restored ?? lost(run, ports.clock);
  }
  for (const [id, run] of missing) {
    const reason = 'its rows are neither in the bucket nor in the event log; ask for the run again';
    steps.failed.push({ what: `output of run ${id}`, reason });
    yield lost(run, ports.clock);
  }
}

/** Staged again, the same rows are the same file. */
async function shown(run: KeptRow, rows: readonly ScenarioOutputRow[], ports: OutputPorts): Promise<KeptRow> {
  const [run_id, tenant_id, asof_date] = [run.id, run.tenant_id, run.asof].map(String) as [
    string,
    string,
    string,
  ];
  const requested_at = new Date(String(run.created_at)).toISOString();
  const file = await ports.tables.stageRows(
    'market.scenario_output',
    { version: run_id, at: requested_at },
    rows,
  );
  const main = await ports.tables.head('main');
  const isSeen = main !== undefined && (await ports.tables.holds(file, main));
  await publishOutput(run_id, rows.map(shownOutput), ports.bus);
  if (isSeen) return { ...run, data_file: file.key };
  const place = { run_id, tenant_id, asof_date, requested_at };
  return { ...run, data_file: file.key, table_commit: await commitOutput(place, file, ports.tables) };
}

/** Rows of the wanted runs, each run's when all of them are read. */
async function* loggedRows(
  wanted: ReadonlyMap<string, KeptRow>,
  bus: EventBus,
): AsyncGenerator<[string, ScenarioOutput[]]> {
  const read = new Map<string, ScenarioOutput[]>();
  for await (const { value } of bus.read(scenarioOutputTopic)) {
    const run = wanted.get(value.run_id);
    if (run === undefined) continue;
    const rows = read.get(value.run_id) ?? [];
    read.set(value.run_id, rows);
    rows.push(value);
    if (rows.length < Number(run.row_count)) continue;
    read.delete(value.run_id);
    yield [value.run_id, rows];
  }
}

/** What had not ended will not any more: its request went with the database or the log. */
function ended(run: KeptRow, clock: Clock, { failed: told }: Steps): KeptRow {
  if (run.state !== 'queued' && run.state !== 'running') return run;
  const reason = 'its end was not kept; it is listed as failed and may be asked for again';
  told.push({ what: `run ${run.id}`, reason });
  return failed(run, clock, {
    code: 'run_interrupted',
    message: 'the database was lost before the end of the run was kept',
  });
}

const lost = (run: KeptRow, clock: Clock) =>
  failed(run, clock, { code: 'run_output_lost', message: 'the rows of the run were lost' });

function failed(run: KeptRow, clock: Clock, { code, message }: ErrorDetail): KeptRow {
  const error = { code, message, field: null, remedy: 'Ask for the run again.' };
  const none = { sealed_at: null, data_file: null, table_commit: null, curve_count: null, row_count: null };
  return { ...run, ...none, state: 'failed', error, finished_at: clock.now() };
}
