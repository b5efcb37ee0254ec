/** Query and path parameters of an HTTP event, checked: what is unknown, repeated or malformed is refused by name. */
import type { z } from 'zod';
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
  const parsed = schema.safeParse({ ...given, ...event.pathParameters });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const field = issue.keys[0]!;
    const remedy = `Known parameters: ${knownParameters(schema).join(', ')}.`;
    throw refusal('parameter_unknown', `there is no parameter "${field}"`, { field, remedy });
  }
  const field = issue.path.join('.');
  throw refusal('parameter_invalid', `"${field}" is not valid: ${issue.message}`, {
    field,
    remedy: 'See the description of the parameter in the README.',
  });
}

function searchParameters(event: HttpEvent): Iterable<[string, string]> {
  if (event.rawQueryString !== undefined) return new URLSearchParams(event.rawQueryString);
  return Object.entries(event.queryStringParameters ?? {});
}

function knownParameters(schema: z.ZodType<unknown>): string[] {
  return 'shape' in schema ? Object.keys(schema.shape as object) : [];
}
