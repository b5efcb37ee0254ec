/** Scripts and styles of the desk. */
import { deskAsset } from '#lib/runtime/desk/files.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { deskAssetQuery } from '#schemas/workbook-routes.ts';

export const trigger = http('GET', '/desk/{file}', {
  summary: 'Scripts and styles of the desk',
  permission: 'public',
  query: deskAssetQuery,
  raw: '*/*',
});

export const handler = onRequest(trigger, async ({ file }) => deskAsset(file));
