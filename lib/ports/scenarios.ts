/**
 * A tenant's scenarios, with every version of their assumptions, and their runs: what was asked for, where it stands and
 * why it ended. Each call names the tenant; of another's nothing is seen, changed or told.
 */
import type { ScenarioRequest } from '#events/scenario-request.ts';
import type { ErrorDetail } from '#lib/domain/errors.ts';
import type { ScenarioListQuery, ScenarioSummary, StoredAssumption } from '#schemas/scenario.ts';
import type { BandCoverage, ScenarioRun, ScenarioRunListQuery } from '#schemas/scenario-run.ts';

export interface NewScenario {
  readonly name: string;
  readonly description: string;
  readonly assumptions: readonly StoredAssumption[];
  readonly scenario_hash: string;
  readonly created_by: string;
}

/** One version of a scenario. */
export interface StoredScenario extends ScenarioSummary {
  readonly current_version: number;
  readonly assumptions: StoredAssumption[];
}

export interface Scenarios {
  /**
   * A name that is new makes a scenario; other assumptions under a known name make its next version; the same ones leave
   * the version and change the description at most.
   * @throws AurumError `tenant_unknown` for a tenant that is not set up.
   */
  save(tenant: string, scenario: NewScenario): Promise<StoredScenario>;
  get(tenant: string, id: string, version?: number): Promise<StoredScenario | undefined>;
  /** By name, after `after`; each with its current version. */
  list(
    tenant: string,
    query: Pick<ScenarioListQuery, 'name' | 'limit'> & { readonly after?: string | undefined },
  ): Promise<readonly ScenarioSummary[]>;
}

/** A run with what only the platform needs to know of it. */
export interface StoredRun extends ScenarioRun {
  /** Object with its rows; null until it has succeeded. */
  readonly data_file: string | null;
}

/** What a run ended in that succeeded. */
export interface RunResult {
  readonly curve_count: number;
  readonly row_count: number;
  readonly notes: readonly string[];
  readonly band_coverage: BandCoverage | null;
  readonly data_file: string;
  readonly table_commit: string;
}

export interface BegunRun {
  /** How often this attempt was begun, this time included. */
  readonly tries: number;
  /** It was begun before and came so far that its output may be seen: it is to be finished. */
  readonly sealed: boolean;
}

/**
 * States go queued -> running -> succeeded, failed or cancelled. A run that ended stays as it is; one that failed or was
 * cancelled is queued again by a request of a later attempt.
 */
export interface ScenarioRuns {
  /** Records a request: a run that is new or the next attempt of one that failed or was cancelled. Again: nothing. */
  queue(request: ScenarioRequest): Promise<void>;
  /** Takes up a request, also one that was not recorded. Undefined when the run ended or has a later attempt. */
  begin(request: ScenarioRequest, at: string): Promise<BegunRun | undefined>;
  /** Whether the attempt still runs: nobody cancelled it. */
  isRunning(tenant: string, run_id: string, attempt: number): Promise<boolean>;
  /** The last moment it can be cancelled or fail. False when it was cancelled before. */
  seal(tenant: string, run_id: string, attempt: number, at: string): Promise<boolean>;
  succeed(tenant: string, run_id: string, attempt: number, result: RunResult, at: string): Promise<void>;
  fail(tenant: string, run_id: string, attempt: number, error: ErrorDetail, at: string): Promise<void>;
  /** False when it has ended, or is sealed: too late. */
  cancel(tenant: string, run_id: string, at: string): Promise<boolean>;
  get(tenant: string, run_id: string): Promise<StoredRun | undefined>;
  /** The newest first; `before` is the place of the last run of the page before. */
  list(
    tenant: string,
    query: Pick<ScenarioRunListQuery, 'scenario_id' | 'state' | 'limit'> & {
      readonly before?: RunPlace | undefined;
    },
  ): Promise<readonly StoredRun[]>;
}

/** Place of a run among the others. */
export type RunPlace = Pick<ScenarioRun, 'created_at' | 'run_id'>;
