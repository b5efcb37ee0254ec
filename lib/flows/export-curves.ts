/**
 * Writes the rows of a selection as files with a signed manifest: files first, the manifest last, so that a folder with a
 * manifest is whole. Names derive from content: the same export again, or at once, changes nothing.
 */
import { hash, type KeyObject } from 'node:crypto';
import type { Caller } from '#lib/domain/access.ts';
import { canonicalHash } from '#lib/domain/canonical-json.ts';
import { type AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { manifestText, readManifest, signedManifest } from '#lib/domain/export-manifest.ts';
import { curveFields } from '#lib/formats/curve-columns.ts';
import { encodeCurves } from '#lib/formats/encode.ts';
import { MEDIA_TYPES } from '#lib/formats/negotiate.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import {
  blockBytesFor,
  type ExportAnswer,
  type ExportContent,
  type ExportedCurves,
  type ExportedRelease,
  type ExportFile,
  type ExportRequest,
  MANIFEST_FORM,
  MANIFEST_NAME,
} from '#schemas/export.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { tenantId } from '#schemas/tenant.ts';
import { type ReleasedBatch, releasedBatches } from './curve-batches.ts';
import { filterOf, type QueryPorts, questionOf, type View, viewOf } from './query-curves.ts';

export interface ExportPorts extends QueryPorts {
  readonly objects: Pick<ObjectStore, 'get' | 'put'>;
  readonly clock: Clock;
  /** Ed25519, private. */
  readonly signing_key: KeyObject;
}

/** Rows of one file: 2 MB of Parquet, 50 MB of CSV, which is what an export holds in memory. */
const FILE_ROWS = 131_072;

/** Where the exports of a tenant lie in the bucket. */
export const exportsOf = (tenant: string): string => `exports/${checkedTenant(tenant)}/`;

/** Where one of them lies. */
export const exportPrefix = (tenant: string, asof_date: string, export_id: string): string =>
  `${exportsOf(tenant)}asof=${asof_date}/${export_id}/`;

/**
 * @param prefixOf where the files go; left out: the tenant's place in the bucket
 * @throws AurumError `rows_not_found` when the caller sees no row of the selection
 */
export async function exportCurves(
  request: ExportRequest,
  ports: ExportPorts,
  caller: Pick<Caller, 'tenant' | 'entitlements'>,
  prefixOf = exportPrefix,
): Promise<ExportAnswer> {
  const tenant = checkedTenant(caller.tenant);
  const { format, ...selection } = request;
  const view = await viewOf(request, questionOf(selection), ports, caller);
  const { releases } = view;
  const asof_date = releases.reduce(
    (newest, release) => (release.asof_date > newest ? release.asof_date : newest),
    '',
  );
  if (asof_date === '') throw nothingFound();
  const export_id = canonicalHash({
    manifest: MANIFEST_FORM,
    format,
    selection,
    entitlements: caller.entitlements,
    releases: releases.map(({ version }) => version).sort(),
  }).slice(0, 32);
  const prefix = prefixOf(tenant, asof_date, export_id);
  const before = await ports.objects.get(`${prefix}${MANIFEST_NAME}`);
  if (before !== undefined) return already(before.body, export_id, prefix);
  const written = await writeFiles({ request, view, prefix }, ports, caller);
  const content: ExportContent = {
    manifest: MANIFEST_FORM,
    export_id,
    tenant,
    asof_date,
    created_at: ports.clock.now(),
    as_known_at: view.as_known_at,
    format,
    selection: Object.fromEntries(
      Object.entries(selection).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    ),
    columns: curveFields().map(({ name, type, nullable }) => ({ name, type, nullable })),
    ...written,
  };
  return commit(content, prefix, ports);
}

/** The manifest makes the export; whoever comes second takes the one that is there. */
async function commit(content: ExportContent, prefix: string, ports: ExportPorts): Promise<ExportAnswer> {
  const manifest = signedManifest(content, ports.signing_key);
  const key = `${prefix}${MANIFEST_NAME}`;
  const put = await ports.objects.put(key, manifestText(manifest), {
    expect: 'absent',
    contentType: 'application/json',
  });
  if (put.outcome === 'stored') return { meta: { prefix, outcome: 'written' }, data: manifest };
  const first = await ports.objects.get(key);
  if (first !== undefined) return already(first.body, content.export_id, prefix);
  throw busy(
    'export_conflict',
    'the export was removed while it was written; the same request writes it again',
  );
}

function already(bytes: Uint8Array, export_id: string, prefix: string): ExportAnswer {
  const data = readManifest(bytes);
  if (data.export_id === export_id) return { meta: { prefix, outcome: 'already' }, data };
  throw refusal('folder_taken', `export ${data.export_id} is there already`, {
    file: prefix,
    remedy: 'Choose an empty folder.',
  });
}

interface Writing {
  readonly request: ExportRequest;
  readonly view: View;
  readonly prefix: string;
}

async function writeFiles(
  { request, view, prefix }: Writing,
  ports: ExportPorts,
  caller: Pick<Caller, 'entitlements'>,
): Promise<Pick<ExportContent, 'rows' | 'files' | 'releases' | 'curves'>> {
  const slice = {
    releases: view.releases,
    latest: view.latest,
    entitlements: caller.entitlements,
    filter: filterOf(request),
    limit: Number.MAX_SAFE_INTEGER,
  };
  const files: ExportFile[] = [];
  const rowsOf = new Map<CurveRelease, number>();
  const curves = new Map<string, ExportedCurves>();
  for await (const part of parts(releasedBatches(ports.queries, slice), FILE_ROWS)) {
    for (const batch of part) {
      rowsOf.set(batch.release, (rowsOf.get(batch.release) ?? 0) + batch.rows.length);
      for (const set of curvesOf(batch)) curves.set(JSON.stringify(set), set);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of encodeCurves(request.format, curveFields(), streamed(part))) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const file = fileOf(bytes, files.length, request.format, rowCount(part));
    await ports.objects.put(`${prefix}${file.name}`, bytes, {
      expect: 'absent',
      contentType: MEDIA_TYPES[request.format],
    });
    files.push(file);
  }
  if (files.length === 0) throw nothingFound();
  const releases = [...rowsOf].map(([release, rows]) => exportedRelease(release, rows));
  const names = [...curves.keys()].sort();
  return {
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    files,
    releases,
    curves: names.map((name) => curves.get(name)!),
  };
}

function curvesOf({ release: { vendor }, table, rows }: ReleasedBatch): ExportedCurves[] {
  const series = new Set<number>();
  for (const row of rows) series.add(table.seriesCode[row]!);
  return [...series].map((code) => {
    const { asset_class, region } = table.series[code]!;
    return { vendor, asset_class, region };
  });
}

function exportedRelease(release: CurveRelease, rows: number): ExportedRelease {
  const { vendor, asof_date, version, known_at, source_file, source_key, source_sha256 } = release;
  const { data_file, lake_commit } = release;
  const place = { source_file, source_key, source_sha256, data_file, lake_commit };
  return { vendor, asof_date, version, known_at, ...place, rows };
}

function fileOf(bytes: Uint8Array, index: number, format: string, rows: number): ExportFile {
  const sha256 = hash('sha256', bytes, 'hex');
  const block_bytes = blockBytesFor(bytes.length);
  const blocks_sha256: string[] = [];
  for (let start = 0; start < bytes.length; start += block_bytes) {
    blocks_sha256.push(hash('sha256', bytes.subarray(start, start + block_bytes), 'hex'));
  }
  const name = `curves-${String(index).padStart(5, '0')}-${sha256.slice(0, 16)}.${format}`;
  return { name, rows, bytes: bytes.length, sha256, block_bytes, blocks_sha256 };
}

const rowCount = (part: readonly ReleasedBatch[]) => part.reduce((sum, { rows }) => sum + rows.length, 0);

async function* streamed(part: readonly ReleasedBatch[]): AsyncGenerator<ReleasedBatch> {
  yield* part;
}

/** Batches in groups of exactly so many rows, and one rest. */
async function* parts(
  batches: AsyncIterable<ReleasedBatch>,
  rows: number,
): AsyncGenerator<readonly ReleasedBatch[]> {
  let part: ReleasedBatch[] = [];
  let left = rows;
  for await (const batch of batches) {
    for (let start = 0; start < batch.rows.length; ) {
      const taken = batch.rows.subarray(start, start + left);
      part.push({ ...batch, rows: taken });
      start += taken.length;
      left -= taken.length;
      if (left > 0) continue;
      yield part;
      part = [];
      left = rows;
    }
  }
  if (part.length > 0) yield part;
}

function checkedTenant(tenant: string): string {
  if (tenantId.safeParse(tenant).success) return tenant;
  throw refusal('tenant_invalid', `"${tenant.slice(0, 80)}" is no tenant id`, {
    field: 'tenant',
    remedy: 'A tenant id has 1 to 63 of a-z, 0-9 and -, and does not begin with -.',
  });
}

function nothingFound(): AurumError {
  return refusal('rows_not_found', 'no released row that you may see holds the selection', {
    remedy: 'GET /v1/curves/dimensions lists what there is.',
  });
}
