/** Slices of released curves. */
import { queryCurves } from '#lib/flows/query-curves.ts';
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { curveQuery } from '#schemas/curve-query.ts';

export const trigger = http('GET', '/v1/curves');

export const handler = onGet(curveQuery, queryCurves);
