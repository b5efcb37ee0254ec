/** An export of released curves: files and a signed manifest in the tenant's place of the bucket. */
import { audited } from '#lib/flows/audit.ts';
import { exportCurves } from '#lib/flows/export-curves.ts';
import { onRequest, type RouteFlow } from '#lib/runtime/hosts/http.ts';
import { signingKey } from '#lib/runtime/signing-key.ts';
import { http } from '#lib/runtime/triggers.ts';
import { type ExportAnswer, type ExportRequest, exportAnswer, exportRequest } from '#schemas/export.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('POST', '/v1/exports', {
  summary: 'Export released curves as files with a signed manifest',
  permission: 'exports:write',
  query: emptyQuery,
  body: exportRequest,
  answer: exportAnswer,
  status: 201,
});

const create: RouteFlow<Record<string, never>, ExportRequest, ExportAnswer> = async (
  { body },
  ports,
  caller,
) => {
  const { AURUM_HOME: home, AURUM_EXPORT_SIGNING_KEY: file } = ports.config;
  return exportCurves(body, { ...ports, signing_key: await signingKey({ home, file }) }, caller);
};

export const handler = onRequest(
  trigger,
  audited(create, ({ meta: { prefix }, data: { export_id, asof_date, rows } }) => ({
    action: 'export.create',
    object: prefix,
    details: { export_id, asof_date, rows },
    event_id: prefix,
  })),
);
