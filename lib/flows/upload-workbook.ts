/** A workbook sent over HTTP goes where an S3 client would have put it; from there the chain takes it. */
import type { Caller } from '#lib/domain/access.ts';
import { asofOfFileName } from '#lib/domain/asof.ts';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { type UploadAnswer, type UploadQuery, WORKBOOK_BODY } from '#schemas/workbook-routes.ts';
import { RAW_PREFIX } from './stage-keys.ts';
import { uploaderMetadata } from './uploader.ts';

export async function uploadWorkbook(
  { name, asof, body }: UploadQuery & { readonly body: Uint8Array },
  { objects }: { readonly objects: ObjectStore },
  { subject }: Caller,
): Promise<UploadAnswer> {
  const asof_date = asof ?? asofOfFileName(name);
  if (asof_date === undefined) {
    throw refusal('asof_missing', 'the file name states no as-of day', {
      field: 'asof',
      remedy: 'Give asof=YYYY-MM-DD, or name the file EOD_X_YYYYMMDD_HHMM.xlsx.',
    });
  }
  const key = `${RAW_PREFIX}${asof_date}/${name}`;
  const stored = await objects.put(key, body, {
    contentType: WORKBOOK_BODY.types[0]!,
    metadata: uploaderMetadata(subject),
  });
  if (stored.outcome === 'refused') throw new AurumError('fault', 'upload_refused', `${key} was not stored`);
  return { meta: { size: body.length }, data: { key, file: name, asof_date, etag: stored.etag } };
}
