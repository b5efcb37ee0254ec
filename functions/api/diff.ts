/** Change of curves between two days or versions, explained. */
import { explainDiff } from '#lib/flows/explain-diff.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { curveDiffAnswer, curveDiffQuery } from '#schemas/diff.ts';

export const trigger = http('GET', '/v1/curves/diff', {
  summary: 'Change of curves between two as-of days or two versions, explained',
  permission: 'curves:read',
  query: curveDiffQuery,
  answer: curveDiffAnswer,
  of: 'curves',
});

export const handler = onRequest(trigger, explainDiff);
