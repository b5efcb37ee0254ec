/**
 * The gate as part of the merge itself: a merge of the lake passes when the gate of every workbook version it brings is
 * green, or was overridden by two people. Whatever cannot be shown to be green stops it.
 */
import type { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { VersionedLake } from '#lib/ports/versioned-lake.ts';
import type { LakeMergeRequest, lakeMergeAnswer } from '#schemas/lake-hook.ts';
import { gateResultOf } from './gate-warnings.ts';

interface LakeMergePorts {
  readonly lake: VersionedLake;
  readonly objects: ObjectStore;
}

/** @throws AurumError `gate_conflict` that names the first version without a green gate */
export async function checkLakeMerge(
  { body: { source_ref, branch_id } }: { readonly body: LakeMergeRequest },
  { lake, objects }: LakeMergePorts,
): Promise<z.infer<typeof lakeMergeAnswer>> {
  const versions = await lake.versionsToMerge(source_ref, branch_id);
  for (const version of versions) {
    const gate = await gateResultOf(objects, version);
    if (gate?.verdict === 'green' || gate?.verdict === 'overridden') continue;
    throw refusal('gate_conflict', `the gate of ${version} is ${gate?.verdict ?? 'not there'}`, {
      field: 'source_ref',
      remedy: 'GET /v1/quarantine says why; deliver a corrected workbook, or have it released by two people.',
    });
  }
  return { meta: { count: versions.length }, data: [...versions] };
}
