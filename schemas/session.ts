/** Who calls, and the tokens this machine issues while it vouches for callers. */
import { z } from 'zod';
import { tenantId } from './tenant.ts';

const role = z.enum(['admin', 'ops', 'analyst', 'tenant']);

export const sessionRequest = z
  .strictObject({
    role: role.describe('What the holder may do'),
    tenant: tenantId.optional().describe('Whose member the holder is; needed with the role tenant'),
  })
  .refine(({ role: given, tenant }) => given !== 'tenant' || tenant !== undefined, {
    path: ['tenant'],
    error: 'the role tenant needs a tenant',
  });

export const sessionAnswer = z.strictObject({
  meta: z.strictObject({ valid_s: z.int() }),
  data: z.strictObject({ token: z.string() }),
});

export const meAnswer = z.strictObject({
  meta: z.strictObject({ auth: z.enum(['development', 'oidc']) }),
  data: z.strictObject({
    subject: z.string(),
    roles: z.array(role),
    tenant: z.string(),
    permissions: z.array(z.string()).describe('What the caller may do'),
  }),
});

export const openapiAnswer = z.looseObject({ openapi: z.string(), paths: z.looseObject({}) });
