/**
 * Host of API functions: an HTTP event in, JSON or problem+json out. The order of the middleware is the order of trust:
 * request id, errors, then (with the access rules) authentication and tenant, then the query's schema, then the flow.
 */
import middy from '@middy/core';
import type { z } from 'zod';
import { type Platform, platform } from '#lib/runtime/compose.ts';
import { type HttpEvent, type HttpResponse, jsonResponse } from '#lib/runtime/http-event.ts';
import { problemJson } from '#lib/runtime/middleware/problem-json.ts';
import { requestId } from '#lib/runtime/middleware/request-id.ts';
import { queryParameters } from '#lib/runtime/query-parameters.ts';

/**
 * A function that answers a GET: `query` checks query and path parameters together, `answer` gives the body.
 */
export function onGet<Query>(
  query: z.ZodType<Query>,
  answer: (query: Query, ports: Platform) => Promise<unknown>,
): (event: HttpEvent, context: object) => Promise<HttpResponse> {
  const handle = async (event: HttpEvent): Promise<HttpResponse> =>
    jsonResponse(200, await answer(queryParameters(event, query), await platform()));
  return middy<HttpEvent, HttpResponse>().use(requestId()).use(problemJson()).handler(handle) as never;
}
