/** One curve's quotes as months, days or hours. */
import { shapeCurve } from '#lib/flows/shape-curve.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { shapeQuery, shapeRow } from '#schemas/shape.ts';

export const trigger = http('GET', '/v1/curves/shape', {
  summary: 'The quotes of one curve as months, days or hours whose means are the quotes',
  permission: 'curves:read',
  query: shapeQuery,
  rows: shapeRow,
  of: 'curves',
});

export const handler = onRequest(trigger, shapeCurve);
