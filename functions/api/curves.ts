/** Slices of released curves. */
import { queryCurves } from '#lib/flows/query-curves.ts';
import { encodedCurves } from '#lib/flows/stream-curves.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { curveObservation } from '#schemas/curve-observation.ts';
import { curveQuery } from '#schemas/curve-query.ts';

export const trigger = http('GET', '/v1/curves', {
  summary: 'Slices of released curves',
  permission: 'curves:read',
  query: curveQuery,
  rows: curveObservation,
  of: 'curves',
});

export const handler = onRequest(trigger, queryCurves, encodedCurves);
