/** What was made from a released version: whom a correction of it concerns. */
import type { ReleaseUse } from '#schemas/hotfix.ts';

export interface ReleaseUses {
  /** Scenario runs and valuations of all tenants that read the version, in one order. */
  of(version: string): Promise<readonly ReleaseUse[]>;
}
