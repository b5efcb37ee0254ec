/** lakeFS asks before it merges to main: only workbooks with a green gate pass. */
import { checkLakeMerge } from '#lib/flows/check-lake-merge.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { lakeMergeAnswer, lakeMergeRequest } from '#schemas/lake-hook.ts';

export const trigger = http('POST', '/hooks/lakefs/pre-merge', {
  summary: 'Whether a merge of the lake may go on',
  permission: 'events',
  query: emptyQuery,
  body: lakeMergeRequest,
  answer: lakeMergeAnswer,
});

export const handler = onRequest(trigger, checkLakeMerge);
