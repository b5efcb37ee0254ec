/** Corrections of released curves. */
import { listHotfixes } from '#lib/flows/decide-hotfix.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { hotfixListAnswer, hotfixListQuery } from '#schemas/hotfix.ts';

export const trigger = http('GET', '/v1/hotfixes', {
  summary: 'Corrections of released curves, each with its branch and how it stands',
  permission: 'ingest:read',
  query: hotfixListQuery,
  answer: hotfixListAnswer,
});

export const handler = onRequest(trigger, listHotfixes);
