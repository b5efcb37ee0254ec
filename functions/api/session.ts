/** A token for the desk, while this machine vouches for callers. */
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import { recordDecision } from '#lib/flows/audit.ts';
import { developmentToken } from '#lib/runtime/access/development-issuer.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { sessionAnswer, sessionRequest } from '#schemas/session.ts';

const VALID_S = 12 * 3_600;

export const trigger = http('POST', '/v1/session', {
  summary: 'A token for the desk, while this machine vouches for callers',
  permission: 'public',
  query: emptyQuery,
  body: sessionRequest,
  answer: sessionAnswer,
});

export const handler = onRequest(trigger, async ({ body: { role, tenant } }, ports) => {
  const { config } = ports;
  if (config.AURUM_AUTH !== 'development') {
    throw refusal('session_forbidden', 'tokens are issued by the identity provider', {
      remedy: 'Log in there.',
    });
  }
  const token = await developmentToken(config.AURUM_HOME, {
    subject: role,
    role,
    tenant,
    audience: config.AURUM_OIDC_AUDIENCE,
    groups_claim: config.AURUM_OIDC_GROUPS_CLAIM,
    valid_s: VALID_S,
  });
  const whose = { subject: role, tenant: tenant ?? HOUSE_TENANT };
  const details = { role, valid_s: VALID_S };
  await recordDecision({ action: 'session.issue', object: role, details }, ports, whose);
  return { meta: { valid_s: VALID_S }, data: { token } };
});
