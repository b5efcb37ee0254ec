/** One release: counts, checks and warnings. */
import { showRelease } from '#lib/flows/query-releases.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { releaseShowAnswer, releaseShowQuery } from '#schemas/releases.ts';

export const trigger = http('GET', '/v1/releases/{version}', {
  summary: 'One release: its counts, the checks of its gate and the warnings',
  permission: 'ingest:read',
  query: releaseShowQuery,
  answer: releaseShowAnswer,
});

export const handler = onRequest(trigger, showRelease);
