/**
 * Query and path parameters of an HTTP event, checked: what is unknown, repeated, malformed or no text is refused by name,
 * and the remedy is what the parameter's own schema says it is.
 */
import { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';
import type { HttpEvent } from './http-event.ts';

export function queryParameters<Query>(event: HttpEvent, schema: z.ZodType<Query>): Query {
  const given: Record<string, string> = {};
  for (const [name, value] of searchParameters(event)) {
    if (Object.hasOwn(given, name)) {
      throw refusal('parameter_repeated', `"${name}" is given more than once`, {
        field: name,
        remedy: 'Give it once.',
      });
    }
    given[name] = value;
  }
  const asked = { ...given, ...event.pathParameters };
  requireText(asked);
  const parsed = schema.safeParse(asked);
  if (parsed.success) return parsed.data;
  throw invalidParameter(parsed.error.issues[0]!, asked, schema);
}

function invalidParameter(
  issue: z.core.$ZodIssue,
  asked: Readonly<Record<string, string>>,
  schema: z.ZodType<unknown>,
) {
  const known = fieldsOf(schema);
  if (issue.code === 'unrecognized_keys') {
    const field = issue.keys[0]!;
    const remedy = `Known parameters: ${Object.keys(known).join(', ')}.`;
    return refusal('parameter_unknown', `there is no parameter "${field}"`, { field, remedy });
  }
  const field = issue.path.join('.');
  const name = String(issue.path[0] ?? '');
  const described = z.globalRegistry.get(known[name] ?? schema)?.description;
  const remedy = described === undefined ? {} : { remedy: `${name}: ${described}.` };
  if (!Object.hasOwn(asked, name) && Object.hasOwn(known, name)) {
    return refusal('parameter_missing', `"${name}" is needed`, { field, ...remedy });
  }
  return refusal('parameter_invalid', `"${field}" is not valid: ${issue.message}`, { field, ...remedy });
}

/** As `application/x-www-form-urlencoded` has them; bytes that are no UTF-8 are not replaced unseen. */
function searchParameters(event: HttpEvent): Iterable<[string, string]> {
  const { rawQueryString } = event;
  if (rawQueryString === undefined) return Object.entries(event.queryStringParameters ?? {});
  for (const pair of rawQueryString.split('&')) {
    const field = pair.split('=', 1)[0]!;
    try {
      decodeURIComponent(pair.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    } catch (cause) {
      throw refusal('parameter_invalid', `"${field}" is not valid: its bytes are no UTF-8 text`, {
        field,
        remedy: 'Percent-encode text as UTF-8, e.g. %C3%A9 for é.',
        cause,
      });
    }
  }
  return new URLSearchParams(rawQueryString);
}

/** No store takes a NUL as text, and no name of ours has a control character. */
function requireText(asked: Readonly<Record<string, string>>): void {
  for (const [field, value] of Object.entries(asked)) {
    if (!/\p{Cc}/u.test(value)) continue;
    throw refusal('parameter_invalid', `"${field}" is not valid: it holds a control character`, {
      field,
      remedy: 'Leave out NUL, line ends and other control characters.',
    });
  }
}

function fieldsOf(schema: z.ZodType<unknown>): Readonly<Record<string, z.ZodType>> {
  return 'shape' in schema ? (schema.shape as Readonly<Record<string, z.ZodType>>) : {};
}
