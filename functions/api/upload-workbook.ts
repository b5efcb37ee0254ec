/** A workbook for the chain. */
import { audited } from '#lib/flows/audit.ts';
import { uploadWorkbook } from '#lib/flows/upload-workbook.ts';
import { uploadDecision } from '#lib/flows/uploader.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { uploadAnswer, uploadQuery, WORKBOOK_BODY, workbookBytes } from '#schemas/workbook-routes.ts';

export const trigger = http('POST', '/v1/workbooks', {
  summary: 'Takes a workbook into the raw area, where the chain begins',
  permission: 'ingest:write',
  query: uploadQuery,
  body: workbookBytes,
  bytes: WORKBOOK_BODY,
  answer: uploadAnswer,
  status: 202,
});

export const handler = onRequest(
  trigger,
  audited(uploadWorkbook, ({ data }) => uploadDecision(data)),
);
