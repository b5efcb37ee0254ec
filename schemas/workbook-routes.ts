/** What the routes about whole workbooks take and give: upload, coverage map, cells as they lie in a sheet. */
import { z } from 'zod';
import { isoDate, sha256Hex } from './curve-observation.ts';

const MIB = 1024 * 1024;
/** How a workbook may come: the desk's and every browser's name for it, and that of a client that knows none. */
export const WORKBOOK_BODY = {
  types: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'application/octet-stream'],
  limit_bytes: 32 * MIB,
};

/** Every workbook is a zip archive. */
export const workbookBytes = z
  .instanceof(Uint8Array)
  .refine((bytes) => bytes[0] === 0x50 && bytes[1] === 0x4b, 'the file is no .xlsx workbook');

export const uploadQuery = z.strictObject({
  name: z
    .string()
    .max(200)
    .regex(/^[^/\\]+\.xlsx$/i, 'must be the name of an .xlsx file, without a folder')
    .describe('File name of the workbook, without its folder'),
  asof: isoDate
    .optional()
    .describe('As-of day, YYYY-MM-DD; default the day in the name, EOD_X_YYYYMMDD_HHMM.xlsx'),
});
export type UploadQuery = z.infer<typeof uploadQuery>;

export const uploadAnswer = z.strictObject({
  meta: z.strictObject({ size: z.int().describe('Bytes taken') }),
  data: z.strictObject({
    key: z.string().describe('Object key; GET /v1/ingest?key= shows how far it is'),
    file: z.string(),
    asof_date: isoDate,
    etag: z.string().describe('Tells this delivery apart from others of the same key'),
    sha256: sha256Hex.describe('Of the bytes taken'),
  }),
});
export type UploadAnswer = z.infer<typeof uploadAnswer>;

const workbookKey = z
  .string()
  .max(1_024)
  .regex(/^raw\/vendor_curves\/\d{4}-\d{2}-\d{2}\/[^/]+$/, 'must be raw/vendor_curves/{as-of}/{file}')
  .describe('Object key of the workbook, as GET /v1/ingest lists it');

export const coverageQuery = z.strictObject({ key: workbookKey });

export const cellsQuery = z.strictObject({
  key: workbookKey,
  version_id: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Version of the object, as lineage names it. Default the newest'),
  cell: z
    .string()
    .max(200)
    .regex(/^.+![A-Z]{1,3}[1-9]\d{0,6}$/, 'must be a cell such as Sheet!H42')
    .describe('Cell in the middle, `Sheet!H42`'),
});
export type CellsQuery = z.infer<typeof cellsQuery>;

export const cellsAnswer = z.strictObject({
  meta: z.strictObject({ file: z.string(), sheet: z.string(), cell: z.string() }),
  data: z.strictObject({
    columns: z.array(z.string()).describe('Letters of the columns'),
    rows: z.array(
      z.strictObject({
        row: z.int(),
        cells: z
          .array(
            z.strictObject({ kind: z.string().describe('absent, number, text, date ...'), text: z.string() }),
          )
          .describe('One a column'),
      }),
    ),
  }),
});
export type CellsAnswer = z.infer<typeof cellsAnswer>;

export const deskAssetQuery = z.strictObject({
  file: z
    .string()
    .max(100)
    .regex(/^[\w-]+(\.[\w-]+)+$/, 'must be a file name')
    .describe('Name with the hash of its content, as the page names it'),
});
