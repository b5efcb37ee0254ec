/** The JSON body of a POST, checked: what is unknown or malformed is refused by its path. */
import type { z } from 'zod';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { HttpEvent } from './http-event.ts';

/** Deeper than any request of ours; a parser's or schema's stack must not be the limit. */
const MAX_DEPTH = 64;

export function jsonBody<Body>(event: HttpEvent, schema: z.ZodType<Body>): Body {
  const type = event.headers?.['content-type'] ?? '';
  if (!/^application\/json(;|$)/i.test(type)) {
    throw refusal('content_type_unsupported', `a body of type "${type.slice(0, 80)}" is not read`, {
      field: 'content-type',
      remedy: 'Send JSON with `content-type: application/json`.',
    });
  }
  const parsed = schema.safeParse(parse(event));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [...issue.path, ...keys].join('.');
  const isMissing = issue.message.endsWith('received undefined');
  throw refusal('body_invalid', isMissing ? 'it is needed' : issue.message, {
    ...(field === '' ? {} : { field }),
    remedy: 'Correct the field; /openapi.json describes the body.',
  });
}

function parse({ body, isBase64Encoded }: HttpEvent): unknown {
  const text = isBase64Encoded === true ? Buffer.from(body ?? '', 'base64').toString() : (body ?? '');
  if (depthOf(text) > MAX_DEPTH) {
    throw refusal('body_invalid', `the JSON is nested deeper than ${MAX_DEPTH} levels`);
  }
  try {
    return JSON.parse(text, (key, value) => {
      if (key === '__proto__') throw refusal('body_invalid', 'a key is named __proto__');
      return value;
    });
  } catch (cause) {
    if (cause instanceof AurumError) throw cause;
    // Where, and not what: a parser quotes the text around it, which may be a secret in the wrong place.
    const place = / at position \d+/.exec((cause as Error).message)?.[0] ?? '';
    throw refusal('body_invalid', `the body is not JSON${place}`, {
      remedy: 'Send JSON, which has no NaN.',
      cause,
    });
  }
}

/** Nesting of brackets outside strings, found without recursion. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isText) {
      if (code === 0x5c) at++;
      else if (code === 0x22) isText = false;
    } else if (code === 0x22) isText = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}
