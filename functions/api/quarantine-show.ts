/** The gate result of one workbook in quarantine. */
import { showQuarantined } from '#lib/flows/query-ingest.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { quarantineShowAnswer } from '#schemas/ingest-answer.ts';
import { quarantineShowQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/v1/quarantine/{version}', {
  summary: 'The gate result of one workbook in quarantine',
  permission: 'ingest:read',
  query: quarantineShowQuery,
  answer: quarantineShowAnswer,
});

export const handler = onRequest(trigger, showQuarantined);
