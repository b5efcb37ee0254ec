/** A rebuild under way: what it works on, and its steps, of which one that fails does not stop the others. */
import { AurumError, errorLine } from '#lib/domain/errors.ts';
import type { VersionedObjectStore } from '#lib/ports/object-store.ts';
import type { DescribePorts } from './describe-release.ts';
import type { IngestPorts } from './ingest-workbook.ts';
import type { PublishPorts } from './publish-curves.ts';
import type { RecordPorts } from './rebuild-records.ts';
import type { ReleasePorts } from './release-curves.ts';
import type { GatePorts } from './run-gate.ts';

/** `tables`: tables, lake and event log from the raw area. `operational`: the database from what is left in the bucket. */
export type RebuildScope = 'all' | 'tables' | 'operational';

export interface RebuildPorts
  extends IngestPorts,
    GatePorts,
    ReleasePorts,
    PublishPorts,
    DescribePorts,
    RecordPorts {
  readonly objects: VersionedObjectStore;
  readonly bucket: string;
}

/** What is not as it was, and why. */
export interface NotRestored {
  readonly what: string;
  readonly reason: string;
}

export interface Steps {
  readonly failed: NotRestored[];
  readonly tell: (text: string) => void;
}

export interface Run extends Steps {
  readonly ports: RebuildPorts;
}

/** Runs one step. What it cannot do is told and does not stop the others; a store that is away stops all. */
export async function attempt<Result>(
  { failed }: Pick<Steps, 'failed'>,
  what: string,
  step: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AurumError && error.retryable) throw error;
    const reason = error instanceof AurumError ? errorLine(error.detail()) : String(error);
    failed.push({ what, reason });
    return undefined;
  }
}
