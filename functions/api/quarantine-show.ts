/** The gate's result of one workbook in quarantine. */
import { showQuarantined } from '#lib/flows/query-ingest.ts';
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { quarantineShowQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/v1/quarantine/{version}');

export const handler = onGet(quarantineShowQuery, showQuarantined);
