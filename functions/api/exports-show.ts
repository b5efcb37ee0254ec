/** The signed manifest of an export, and where its files are fetched. */
import { showExport } from '#lib/flows/query-exports.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { exportShowAnswer, exportShowQuery } from '#schemas/export.ts';

export const trigger = http('GET', '/v1/exports/{id}', {
  summary: 'The signed manifest of an export, and where its files are fetched',
  permission: 'exports:read',
  query: exportShowQuery,
  answer: exportShowAnswer,
});

export const handler = onRequest(trigger, showExport);
