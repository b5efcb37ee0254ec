/**
 * What a tenant has exported: listed, shown, and its files. Looks in the tenant's own place of the bucket alone, so that
 * another's export is as absent as one that never was; so is one of curves that the tenant may not see any more.
 */
import { type Caller, isEntitled } from '#lib/domain/access.ts';
import { type AurumError, refusal } from '#lib/domain/errors.ts';
import { isSigned, readManifest } from '#lib/domain/export-manifest.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import {
  type ExportFileQuery,
  type ExportListAnswer,
  type ExportListQuery,
  type ExportManifest,
  type ExportShowAnswer,
  type ExportShowQuery,
  type ExportSummary,
  MANIFEST_NAME,
} from '#schemas/export.ts';
import { exportPrefix, exportsOf } from './export-curves.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';

export interface ExportListPorts {
  readonly objects: Pick<ObjectStore, 'get' | 'list'>;
}

type Owner = Pick<Caller, 'tenant' | 'entitlements'>;

/** An export is there once its manifest is. */
interface ExportPlace {
  readonly asof_date: string;
  readonly export_id: string;
  readonly prefix: string;
}

const MANIFEST_KEY = new RegExp(`/asof=(\\d{4}-\\d\\d-\\d\\d)/([0-9a-f]{32})/${MANIFEST_NAME}$`);
/** A list of exports does not depend on what is known when. */
const ANY_TIME = '1970-01-01T00:00:00.000Z';

export async function listExports(
  query: ExportListQuery,
  { objects }: ExportListPorts,
  owner: Owner,
): Promise<ExportListAnswer> {
  const { tenant } = owner;
  const question = questionOf({ ...query, tenant });
  const after = readListCursor(query.cursor, question)?.after;
  const places: ExportPlace[] = [];
  for await (const place of placesOf(objects, tenant, query.asof)) places.push(place);
  const ordered = places
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1))
    .filter((place) => after === undefined || orderOf(place) < after);
  const found: ExportSummary[] = [];
  for (let at = 0; at < ordered.length && found.length <= query.limit; at += query.limit) {
    const next = ordered.slice(at, at + query.limit);
    const read = await Promise.all(next.map((place) => summaryOf(place, objects, owner)));
    found.push(...read.filter((summary) => summary !== undefined));
  }
  const data = found.slice(0, query.limit);
  const last = found.length > data.length ? data.at(-1) : undefined;
  const next_cursor = last && makeListCursor({ question, as_known_at: ANY_TIME, after: orderOf(last) });
  return { meta: { count: data.length, next_cursor: next_cursor ?? null }, data };
}

const orderOf = ({ asof_date, export_id }: Omit<ExportPlace, 'prefix'>): string =>
  `${asof_date}/${export_id}`;

/** @throws AurumError `export_not_found` */
export async function showExport(
  { id }: ExportShowQuery,
  { objects }: ExportListPorts,
  owner: Owner,
): Promise<ExportShowAnswer> {
  const { prefix } = await placeOf(objects, owner, id);
  const data = await manifestOf(prefix, objects, id);
  if (!maySee(data, owner)) throw notFound(id);
  const names = [MANIFEST_NAME, ...data.files.map(({ name }) => name)];
  const fetch = names.map((name) => ({ name, path: `/v1/exports/${id}/${name}` }));
  return { meta: { prefix, fetch }, data };
}

export interface ExportedBytes {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** A file as it was written. @throws AurumError `export_not_found`, also for a file that is none of the export */
export async function exportedFile(
  { id, file }: ExportFileQuery,
  { objects }: ExportListPorts,
  owner: Owner,
): Promise<ExportedBytes> {
  const { prefix } = await placeOf(objects, owner, id);
  // Staff may fetch what is spoilt, too, to look at it.
  if (owner.entitlements !== 'all' && !maySee(await manifestOf(prefix, objects, id), owner))
    throw notFound(id);
  const stored = await objects.get(`${prefix}${file}`);
  if (stored === undefined) throw notFound(id);
  return { bytes: stored.body, type: TYPES[file.split('.').at(-1)!] ?? 'application/octet-stream' };
}

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

async function* placesOf(
  objects: ExportListPorts['objects'],
  tenant: string,
  asof?: string,
): AsyncGenerator<ExportPlace> {
  const within = asof === undefined ? '' : `asof=${asof}/`;
  for await (const { key } of objects.list(`${exportsOf(tenant)}${within}`)) {
    const found = MANIFEST_KEY.exec(key);
    if (found === null) continue;
    const [, asof_date, export_id] = found as unknown as [string, string, string];
    yield { asof_date, export_id, prefix: exportPrefix(tenant, asof_date, export_id) };
  }
}

async function placeOf(
  objects: ExportListPorts['objects'],
  { tenant }: Owner,
  id: string,
): Promise<ExportPlace> {
  for await (const place of placesOf(objects, tenant)) if (place.export_id === id) return place;
  throw notFound(id);
}

async function manifestOf(
  prefix: string,
  objects: ExportListPorts['objects'],
  id: string,
): Promise<ExportManifest> {
  const stored = await objects.get(`${prefix}${MANIFEST_NAME}`);
  if (stored === undefined) throw notFound(id);
  return readManifest(stored.body);
}

/** What is not signed, or does not say which curves it holds, is for those who see all. */
function maySee(manifest: ExportManifest | undefined, owner: Owner): boolean {
  if (owner.entitlements === 'all') return true;
  if (manifest?.curves === undefined || !isSigned(manifest)) return false;
  return manifest.curves.every((set) => isEntitled(owner, set));
}

/** Undefined for one that the owner may not see. */
async function summaryOf(
  { asof_date, export_id, prefix }: ExportPlace,
  objects: ExportListPorts['objects'],
  owner: Owner,
): Promise<ExportSummary | undefined> {
  const place = { export_id, asof_date, prefix };
  const manifest = await manifestOf(prefix, objects, export_id).catch(unlessRefused);
  if (!maySee(manifest, owner)) return undefined;
  if (manifest === undefined || !isSigned(manifest)) return { ...place, state: 'changed', ...NOTHING };
  const { created_at, format, rows, files, selection, releases } = manifest;
  return {
    ...place,
    state: 'signed',
    created_at,
    format,
    rows,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    selection,
    releases: releases.map((release) => ({
      vendor: release.vendor,
      asof_date: release.asof_date,
      version: release.version,
      rows: release.rows,
    })),
  };
}

const NOTHING = {
  created_at: null,
  format: null,
  rows: null,
  files: null,
  bytes: null,
  selection: null,
  releases: null,
};

/** One spoilt manifest must not hide the other exports. */
function unlessRefused(error: unknown): undefined {
  if ((error as AurumError).kind !== 'refused') throw error;
}

function notFound(id: string): AurumError {
  return refusal('export_not_found', `there is no export ${id}, or not this file of it`, {
    field: 'id',
    remedy: 'GET /v1/exports lists the exports there are.',
  });
}
