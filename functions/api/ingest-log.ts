/** What arrived, at which stage, and why something is red. */
import { queryIngest } from '#lib/flows/query-ingest.ts';
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ingestQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/v1/ingest');

export const handler = onGet(ingestQuery, queryIngest);
