/** Workbooks the gate refused. */
import { listQuarantine } from '#lib/flows/query-ingest.ts';
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { quarantineListQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/v1/quarantine');

export const handler = onGet(quarantineListQuery, listQuarantine);
