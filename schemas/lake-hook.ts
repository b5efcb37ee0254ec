/** What lakeFS asks before it merges, and what it is told. */
import { z } from 'zod';
import { workbookVersionId } from './lake.ts';
import { listMeta } from './page.ts';

const refName = z.string().min(1).max(1_024);

/** The parts of lakeFS's webhook that are read; it sends more. */
export const lakeMergeRequest = z.looseObject({
  event_type: z.literal('pre-merge'),
  branch_id: refName.describe('The branch that is merged into'),
  source_ref: refName.describe('What is merged'),
});
export type LakeMergeRequest = z.infer<typeof lakeMergeRequest>;

export const lakeMergeAnswer = z.strictObject({
  meta: listMeta,
  data: z.array(workbookVersionId).describe('Versions the merge brings, each with a green gate'),
});
