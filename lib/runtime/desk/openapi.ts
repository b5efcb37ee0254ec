/** The generated OpenAPI document, read once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import type { openapiAnswer } from '#schemas/session.ts';

type Document = z.infer<typeof openapiAnswer>;

let document: Document | undefined;

export function openapiDocument(): Document {
  document ??= parse(
    readFileSync(join(import.meta.dirname, '../../../schemas/openapi/aurum.yaml'), 'utf8'),
  ) as Document;
  return document;
}
