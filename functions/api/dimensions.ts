/** What exists: identities, tenors and as-of days, with counts. */
import { queryDimensions } from '#lib/flows/query-dimensions.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { dimensionsAnswer, dimensionsQuery } from '#schemas/dimensions.ts';

export const trigger = http('GET', '/v1/curves/dimensions', {
  summary: 'What exists: identities, tenors and as-of days, with counts',
  permission: 'curves:read',
  query: dimensionsQuery,
  answer: dimensionsAnswer,
  of: 'curves',
});

export const handler = onRequest(trigger, queryDimensions);
