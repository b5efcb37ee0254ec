/** What an export is asked for, and the signed manifest that lies beside its files. */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp } from './curve-observation.ts';
import { curveQuery, MONTHS_IN_ORDER, monthsInOrder } from './curve-query.ts';
import { curveRelease } from './lake.ts';
import { cursorParameter, pageLimit, pageMeta } from './page.ts';
import { tenantId } from './tenant.ts';

export const EXPORT_FORMATS = ['parquet', 'csv'] as const;
export const MANIFEST_NAME = 'manifest.json';

/** Stretches of a file that have a hash of their own, so that changed bytes can be placed: at most so many. */
const MAX_BLOCKS = 1_024;
const SMALLEST_BLOCK_BYTES = 4_096;
/** Of files in the first form of the manifest. */
const FIRST_BLOCK_BYTES = 262_144;

/** The smallest power of two, from 4 KiB on, with which the file has no more than 1,024 blocks. */
export function blockBytesFor(bytes: number): number {
  let block_bytes = SMALLEST_BLOCK_BYTES;
  while (block_bytes * MAX_BLOCKS < bytes) block_bytes *= 2;
  return block_bytes;
}

const { limit: _limit, cursor: _cursor, prices: _prices, ...selection } = curveQuery.shape;

/** Which rows: the filters of `GET /v1/curves`, all pages of them. */
export const exportRequest = z
  .strictObject({
    ...selection,
    format: z.enum(EXPORT_FORMATS).default('parquet').describe('Format of the files: parquet, csv'),
  })
  .refine(monthsInOrder, MONTHS_IN_ORDER);
export type ExportRequest = z.infer<typeof exportRequest>;

const fileName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,120}$/);
const count = z.int().nonnegative();

export const exportFile = z.strictObject({
  name: fileName.describe('Name in the folder of the manifest'),
  rows: count,
  bytes: count,
  sha256: sha256Hex,
  block_bytes: z
    .int()
    .min(SMALLEST_BLOCK_BYTES)
    .max(2 ** 24)
    .optional()
    .describe(`Size of a block; ${FIRST_BLOCK_BYTES} where none is stated`),
  blocks_sha256: z.array(sha256Hex).describe('sha256 of each block in turn'),
});
export type ExportFile = z.infer<typeof exportFile>;

export const blockBytesOf = ({ block_bytes = FIRST_BLOCK_BYTES }: ExportFile): number => block_bytes;

/** A release that rows of the export come from, down to the workbook. */
export const exportedRelease = curveRelease
  .pick({
    vendor: true,
    asof_date: true,
    version: true,
    known_at: true,
    source_file: true,
    source_key: true,
    source_sha256: true,
    data_file: true,
    lake_commit: true,
  })
  .extend({ rows: count.describe('Rows of the export that are of this release') });
export type ExportedRelease = z.infer<typeof exportedRelease>;

/** Curves that rows of the export are of: whoever may not see all of these may not see it. */
export const exportedCurves = z.strictObject({
  vendor: z.string(),
  asset_class: z.string(),
  region: z.string().nullable(),
});
export type ExportedCurves = z.infer<typeof exportedCurves>;

export const MANIFEST_FORM = 'aurum-export/2';
const exportId = z.string().regex(/^[0-9a-f]{32}$/);

/** All of the manifest but its signature: what is signed, as canonical JSON. */
const exportContent = z.strictObject({
  manifest: z
    .enum(['aurum-export/1', MANIFEST_FORM])
    .describe('Form of this file; the first one does not say which curves it holds, nor the size of blocks'),
  export_id: exportId.describe('Hash of selection, entitlements and releases'),
  tenant: tenantId,
  asof_date: isoDate.describe('Market day asked for, or the newest one of the selection'),
  created_at: utcTimestamp,
  as_known_at: utcTimestamp.describe('What was known at this instant is exported'),
  format: z.enum(EXPORT_FORMATS),
  selection: z.record(z.string(), z.string()).describe('The filters asked for'),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean() })),
  rows: count,
  files: z.array(exportFile),
  releases: z.array(exportedRelease),
  curves: z
    .array(exportedCurves)
    .optional()
    .describe(
      'Vendor, asset class and region of its curves, each once: a tenant reads it while entitled to all',
    ),
});
export type ExportContent = z.infer<typeof exportContent>;

export const exportManifest = exportContent.extend({
  signature: z.strictObject({
    algorithm: z.literal('Ed25519'),
    key_id: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .describe('Head of the sha256 of the public key (SPKI, DER)'),
    public_key: z.base64().describe('SPKI, DER'),
    value: z.base64().describe('Over the canonical JSON (RFC 8785) of all but this member'),
  }),
});
export type ExportManifest = z.infer<typeof exportManifest>;

export const exportAnswer = z.strictObject({
  meta: z.strictObject({
    prefix: z.string().describe('Where the files lie in the bucket'),
    outcome: z.enum(['written', 'already']).describe('already: the same rows had been exported before'),
  }),
  data: exportManifest,
});
export type ExportAnswer = z.infer<typeof exportAnswer>;

export const MAX_EXPORTS = 100;

/** `GET /v1/exports`: those of the caller's tenant. */
export const exportListQuery = z.strictObject({
  asof: isoDate.optional().describe('Only exports of this as-of day, YYYY-MM-DD'),
  limit: pageLimit('Exports', MAX_EXPORTS, 50),
  cursor: cursorParameter,
});
export type ExportListQuery = z.infer<typeof exportListQuery>;

export const exportSummary = z.strictObject({
  export_id: exportId,
  asof_date: isoDate,
  state: z
    .enum(['signed', 'changed'])
    .describe(
      'changed: its manifest is not the one that was signed, and nothing is said of it; for staff alone',
    ),
  created_at: utcTimestamp.nullable(),
  format: z.enum(EXPORT_FORMATS).nullable(),
  rows: count.nullable(),
  files: count.nullable(),
  bytes: count.nullable(),
  selection: z.record(z.string(), z.string()).nullable(),
  releases: z
    .array(exportedRelease.pick({ vendor: true, asof_date: true, version: true, rows: true }))
    .nullable(),
  prefix: z.string().describe('Where it lies in the bucket'),
});
export type ExportSummary = z.infer<typeof exportSummary>;

export const exportListAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(exportSummary).describe('Newest as-of day first'),
});
export type ExportListAnswer = z.infer<typeof exportListAnswer>;

export const exportShowQuery = z.strictObject({ id: exportId.describe('Id of the export') });
export type ExportShowQuery = z.infer<typeof exportShowQuery>;

export const exportShowAnswer = z.strictObject({
  meta: z.strictObject({
    prefix: z.string().describe('Where the files lie in the bucket'),
    fetch: z
      .array(
        z.strictObject({ name: fileName, path: z.string().describe('Route that answers with the file') }),
      )
      .describe('Manifest and files: put them into one folder, then `aurum verify-export FOLDER`'),
  }),
  data: exportManifest,
});
export type ExportShowAnswer = z.infer<typeof exportShowAnswer>;

/** `GET /v1/exports/{id}/{file}`. */
export const exportFileQuery = exportShowQuery.extend({
  file: fileName.describe('Name of a file of the export, or manifest.json'),
});
export type ExportFileQuery = z.infer<typeof exportFileQuery>;

/** `GET /v1/curves.xlsx`: one whole release in its vendor's layout. */
export const workbookQuery = z.strictObject({
  vendor: z.string().min(1).max(40).describe('Whose release, e.g. pw'),
  asof: curveQuery.shape.asof.describe('As-of day, YYYY-MM-DD, or `latest`. Default latest'),
  as_known_at: curveQuery.shape.as_known_at,
  version: curveQuery.shape.version,
});
