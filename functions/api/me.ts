/** Who calls, and what the caller may do. */
import { mayDo, PERMISSIONS, type Permission } from '#lib/domain/access.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { meAnswer } from '#schemas/session.ts';

export const trigger = http('GET', '/v1/me', {
  summary: 'Who calls, and what the caller may do',
  permission: 'curves:read',
  query: emptyQuery,
  answer: meAnswer,
});

export const handler = onRequest(trigger, async (_, { config }, caller) => {
  const { subject, roles, tenant } = caller;
  const all = Object.keys(PERMISSIONS) as Permission[];
  const permissions = all.filter((permission) => mayDo(caller, permission));
  return { meta: { auth: config.AURUM_AUTH }, data: { subject, roles: [...roles], tenant, permissions } };
});
