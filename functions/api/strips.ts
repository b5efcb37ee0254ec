/** Strips: quoted by the vendor, and derived from its months. */
import { queryStrips } from '#lib/flows/query-strips.ts';
import { encodedStrips } from '#lib/flows/stream-strips.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { stripQuery } from '#schemas/curve-query.ts';
import { stripRow } from '#schemas/strip.ts';

export const trigger = http('GET', '/v1/curves/strips', {
  summary: 'Strips: quoted by the vendor, and derived from its months',
  permission: 'curves:read',
  query: stripQuery,
  rows: stripRow,
  of: 'curves',
});

export const handler = onRequest(trigger, queryStrips, encodedStrips);
