import { expect, test } from 'vitest';
import { objectEvent, objectsCreated } from '#events/object-created.ts';

const record = (eventName: string, key: string) => ({
  eventName,
  eventTime: '2025-09-12T21:30:00.000Z',
  s3: {
    bucket: { name: 'aurum' },
    object: {
      key,
      size: 6,
      eTag: '203ad5ffa1d7c650ad681fdff3965cd2',
      versionId: 'null',
      sequencer: '18EA97200817FECF',
    },
  },
});

const created = (...records: unknown[]) => objectsCreated(objectEvent.parse({ Records: records }));

test('the key is form-encoded: plus is a blank, then percent-decoding', () => {
  const [event] = created(
    record('s3:ObjectCreated:Put', 'raw%2Fvendor_curves%2F2025-09-12%2FEOD+PW%2B%C3%A9.xlsx'),
  );
  expect(event?.key).toBe('raw/vendor_curves/2025-09-12/EOD PW+é.xlsx');
  expect(event?.version_id).toBeUndefined();
});

test('accesses, heads and removals are no creations, whatever their sequencer', () => {
  expect(
    created(
      record('s3:ObjectAccessed:Get', 'a'),
      record('s3:ObjectAccessed:Head', 'a'),
      record('s3:ObjectRemoved:NoOP', 'a'),
    ),
  ).toEqual([]);
});

test.each([
  's3:ObjectCreated:Put',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectCreated:Copy',
  'ObjectCreated:Put',
])('%s is a creation', (name) => {
  expect(created(record(name, 'a'))).toHaveLength(1);
});
