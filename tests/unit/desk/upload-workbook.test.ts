import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { uploadWorkbook } from '#lib/flows/upload-workbook.ts';
import { uploadQuery, workbookBytes } from '#schemas/workbook-routes.ts';

const body = new Uint8Array([0x50, 0x4b, 3, 4]);

test('a workbook lies where an S3 client would have put it, and its answer has the hash that tells who sent it', async () => {
  const objects = memoryObjectStore();
  const query = { name: 'EOD_PW_20250912_1430.xlsx', asof: undefined, body };
  const { meta, data } = await uploadWorkbook(query, { objects });
  const stored = await objects.get('raw/vendor_curves/2025-09-12/EOD_PW_20250912_1430.xlsx');
  expect(stored?.body).toEqual(body);
  expect(stored?.metadata).toEqual({});
  expect(meta).toEqual({ size: 4 });
  const delivery = { key: stored?.key, file: query.name, asof_date: '2025-09-12', etag: stored?.etag };
  expect(data).toEqual({ ...delivery, sha256: hash('sha256', body, 'hex') });
});

test('the day stated counts before the one in the name, and one of the two must be there', async () => {
  const objects = memoryObjectStore();
  const stated = { name: 'EOD_PW_20250912_1430.xlsx', asof: '2025-09-11', body };
  expect((await uploadWorkbook(stated, { objects })).data.asof_date).toBe('2025-09-11');
  const nowhere = uploadWorkbook({ name: 'prices.xlsx', asof: undefined, body }, { objects });
  await expect(nowhere).rejects.toMatchObject({ code: 'asof_missing', place: { field: 'asof' } });
});

test.each(['../up.xlsx', 'a/b.xlsx', 'a\\b.xlsx', 'a.xls', '.xlsx', ''])(
  '"%s" is no name of a workbook',
  (name) => {
    expect(uploadQuery.safeParse({ name }).success).toBe(false);
  },
);

test('what is no zip archive is no workbook', () => {
  expect(workbookBytes.safeParse(body).success).toBe(true);
  expect(workbookBytes.safeParse(new TextEncoder().encode('a,b,c')).success).toBe(false);
  expect(workbookBytes.safeParse(new Uint8Array()).success).toBe(false);
});
