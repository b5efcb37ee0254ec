/**
 * A workbook sent over HTTP goes where an S3 client would have put it; from there the chain takes it. Who sent it is for the
 * audit trail to say, by the hash of what was sent.
 */
import { hash } from 'node:crypto';
import { asofOfFileName } from '#lib/domain/asof.ts';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { type UploadAnswer, type UploadQuery, WORKBOOK_BODY } from '#schemas/workbook-routes.ts';
import { RAW_PREFIX } from './stage-keys.ts';

export async function uploadWorkbook(
  { name, asof, body }: UploadQuery & { readonly body: Uint8Array },
  { objects }: { readonly objects: ObjectStore },
): Promise<UploadAnswer> {
  const asof_date = asof ?? asofOfFileName(name);
  if (asof_date === undefined) {
    throw refusal('asof_missing', 'the file name states no as-of day', {
      field: 'asof',
      remedy: 'Give asof=YYYY-MM-DD, or name the file EOD_X_YYYYMMDD_HHMM.xlsx.',
    });
  }
  const key = `${RAW_PREFIX}${asof_date}/${name}`;
  const stored = await objects.put(key, body, { contentType: WORKBOOK_BODY.types[0]! });
  if (stored.outcome === 'refused') throw new AurumError('fault', 'upload_refused', `${key} was not stored`);
  const data = { key, file: name, asof_date, etag: stored.etag, sha256: hash('sha256', body, 'hex') };
  return { meta: { size: body.length }, data };
}
