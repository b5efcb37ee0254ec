/** One file of an export, as it was written. */
import { exportedFile } from '#lib/flows/query-exports.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http, type RawAnswer } from '#lib/runtime/triggers.ts';
import { exportFileQuery } from '#schemas/export.ts';

export const trigger = http('GET', '/v1/exports/{id}/{file}', {
  summary: 'One file of an export, as it was written',
  permission: 'exports:read',
  query: exportFileQuery,
  raw: 'application/octet-stream',
});

export const handler = onRequest(trigger, async (query, ports, caller): Promise<RawAnswer> => {
  const { bytes, type } = await exportedFile(query, ports, caller);
  const headers = { 'content-type': type, 'content-disposition': `attachment; filename="${query.file}"` };
  return { headers, body: bytes };
});
