/** The process is up. */
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/health');

export const handler = onGet(emptyQuery, async () => ({ status: 'up' }));
