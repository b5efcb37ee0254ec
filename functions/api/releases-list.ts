/** What was released when. */
import { listReleases } from '#lib/flows/query-releases.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { releaseListAnswer, releaseListQuery } from '#schemas/releases.ts';

export const trigger = http('GET', '/v1/releases', {
  summary: 'Released workbook versions, newest first, with their warnings',
  permission: 'curves:read',
  query: releaseListQuery,
  answer: releaseListAnswer,
  of: 'curves',
});

export const handler = onRequest(trigger, listReleases);
