/**
 * The envelope of a bucket notification, as MinIO sends it and S3 shapes it. Facts: the key is form-encoded (`+` is a
 * blank, then percent-decoding); Put and Get of one object version share the sequencer, so the event name decides.
 */
import { z } from 'zod';

const record = z.object({
  eventName: z.string(),
  eventTime: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({
      key: z.string().min(1),
      size: z.number().optional(),
      eTag: z.string().optional(),
      versionId: z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});

export const objectEvent = z.object({ Records: z.array(record).min(1) });

/** One object that came to be, decoded. */
export interface ObjectCreated {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string | undefined;
  readonly version_id: string | undefined;
  readonly sequencer: string | undefined;
  readonly event_time: string;
}

/** Objects an envelope says were created; accesses and removals are not. */
export function objectsCreated(envelope: z.infer<typeof objectEvent>): ObjectCreated[] {
  return envelope.Records.filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName)).map(
    ({ eventTime, s3 }) => ({
      bucket: s3.bucket.name,
      key: decodeURIComponent(s3.object.key.replaceAll('+', ' ')),
      etag: s3.object.eTag?.replaceAll('"', ''),
      version_id: s3.object.versionId === 'null' ? undefined : s3.object.versionId,
      sequencer: s3.object.sequencer,
      event_time: eventTime,
    }),
  );
}
