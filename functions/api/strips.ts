/** Strips: quoted by the vendor, and derived from its months. */
import { queryStrips } from '#lib/flows/query-strips.ts';
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { stripQuery } from '#schemas/curve-query.ts';

export const trigger = http('GET', '/v1/curves/strips');

export const handler = onGet(stripQuery, queryStrips);
