/** The description of all routes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { openapiAnswer } from '#schemas/session.ts';

export const trigger = http('GET', '/openapi.json', {
  summary: 'The description of all routes',
  permission: 'public',
  query: emptyQuery,
  answer: openapiAnswer,
});

let document: z.infer<typeof openapiAnswer> | undefined;

export const handler = onRequest(trigger, async () => {
  document ??= parse(readFileSync(join(import.meta.dirname, '../../schemas/openapi/aurum.yaml'), 'utf8'));
  return document as z.infer<typeof openapiAnswer>;
});
