/** What people decide on a workbook in quarantine. */
import { decideQuarantine } from '#lib/flows/decide-quarantine.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { quarantineShowQuery } from '#schemas/ingest-query.ts';
import { quarantineDecisionAnswer, quarantineDecisionRequest } from '#schemas/quarantine.ts';

export const trigger = http('POST', '/v1/quarantine/{version}/decisions', {
  summary: 'Override by name, approve, reject or retry a workbook in quarantine; two people release it',
  permission: 'quarantine:decide',
  query: quarantineShowQuery,
  body: quarantineDecisionRequest,
  answer: quarantineDecisionAnswer,
});

export const handler = onRequest(trigger, decideQuarantine);
