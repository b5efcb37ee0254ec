/** Who decided what. */
import { listAudit } from '#lib/flows/audit.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { auditAnswer, auditQuery } from '#schemas/audit.ts';

export const trigger = http('GET', '/v1/audit', {
  summary: 'Who decided what: the audit trail, newest first',
  permission: 'audit:read',
  query: auditQuery,
  answer: auditAnswer,
});

export const handler = onRequest(trigger, listAudit);
