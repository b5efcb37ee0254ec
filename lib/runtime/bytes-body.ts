/** The body of a POST that is a file, checked. Knows no file format; the route's schema does. */
import type { z } from 'zod';
import { busy, refusal } from '#lib/domain/errors.ts';
import type { HttpEvent } from './http-event.ts';
import type { BytesContract } from './triggers.ts';

/** Files that arrive at once; each may fill its limit before it is whole. */
const MAX_ARRIVING = 8;
let arriving = 0;

export async function bytesBody<Body>(
  event: HttpEvent,
  schema: z.ZodType<Body>,
  { types, limit_bytes }: BytesContract,
): Promise<Body> {
  const type = mediaType(event);
  if (!types.includes(type)) {
    throw refusal('content_type_unsupported', `a body of type "${type.slice(0, 80)}" is not taken here`, {
      field: 'content-type',
      remedy: `Send the file as it is, with one of: ${types.join(', ')}.`,
    });
  }
  const parsed = schema.safeParse(await read(event, limit_bytes));
  if (parsed.success) return parsed.data;
  throw refusal('body_invalid', parsed.error.issues[0]!.message, { field: 'body' });
}

const mediaType = ({ headers }: HttpEvent): string =>
  (headers?.['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();

async function read(
  { readBody, body, isBase64Encoded }: HttpEvent,
  limit_bytes: number,
): Promise<Uint8Array> {
  if (readBody === undefined) {
    const bytes = Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8');
    if (bytes.length <= limit_bytes) return bytes;
    throw refusal('body_too_large', `the body is larger than ${limit_bytes} bytes`);
  }
  if (arriving >= MAX_ARRIVING) throw busy('server_busy', 'as many files arrive as this instance takes');
  arriving++;
  try {
    return await readBody(limit_bytes);
  } finally {
    arriving--;
  }
}
