/** Every curve that was ever released. */
import { queryInstruments } from '#lib/flows/query-instruments.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { instrumentAnswer, instrumentQuery } from '#schemas/instruments.ts';

export const trigger = http('GET', '/v1/instruments', {
  summary: 'Every curve that was ever released, with its unit',
  permission: 'curves:read',
  query: instrumentQuery,
  answer: instrumentAnswer,
});

export const handler = onRequest(trigger, queryInstruments);
