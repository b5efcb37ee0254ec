/** What was made from a released version: whom a correction of it concerns. */
import type { ReleaseUse } from '#schemas/hotfix.ts';
import type { ScenarioRun } from '#schemas/scenario-run.ts';

export interface ReleaseUses {
  /**
   * Scenario runs and valuations of all tenants that read the version, in one order.
   * @param sheet_versions of the version, by which runs name what they read of it
   */
  of(version: string, sheet_versions?: readonly string[]): Promise<readonly ReleaseUse[]>;
}

export interface RunUse extends Pick<ScenarioRun, 'run_id' | 'state'> {
  /** Name of the scenario. */
  readonly scenario: string;
}

export interface RunsOfVersions {
  /** Runs of one tenant that read any of these versions of sheets and workbooks, newest first. */
  runsOf(tenant: string, versions: readonly string[], limit: number): Promise<readonly RunUse[]>;
}
