/** Operations on objects: put, copy, get, head, delete. */
import { bodyText, checkedBody, requireLength } from './body.ts';
import { timestamp } from './bucket-operations.ts';
import { asS3Error, S3Error } from './errors.ts';
import { type Answer, type Call, contentFields, metadataTooLarge, quoted, xmlAnswer } from './operation.ts';
import { checkKey, header, parseCopySource, type S3Request } from './request.ts';
import type { ContentFields, ObjectVersion } from './state.ts';
import { NULL_VERSION, newest } from './state.ts';
import { checkWriteConditions, matchesEtag, type WriteConditions } from './store.ts';
import { childText, parseXml, xmlDocument } from './xml.ts';

const MAX_DELETE_XML_BYTES = 8 * 1024 ** 2;
const MAX_DELETES = 1000;

export async function putObject(call: Call): Promise<Answer> {
  const { store, request, signed } = call;
  requireLength(request);
  const conditions = writeConditions(request);
  // Checked early so that a body that will be refused is not written, and again when it is put in place.
  checkWriteConditions(conditions, newest(store.bucket(request.bucket), request.key));
  const fields = acceptedFields(request);
  const { content, checksums } = checkedBody(request, signed);
  const version = await storeObject(
    call,
    content,
    { ...fields, checksums },
    's3:ObjectCreated:Put',
    conditions,
  );
  return { status: 200, headers: { etag: quoted(version.etag), ...versionHeader(version), ...checksums } };
}

export async function copyObject(call: Call): Promise<Answer> {
  const { store, request } = call;
  const from = copySource(call);
  const replace = header(request, 'x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
  if (
    !replace &&
    from.bucket === request.bucket &&
    from.version === newest(store.bucket(from.bucket), request.key)
  ) {
    throw new S3Error('InvalidRequest', 'This copy is onto itself and changes nothing.');
  }
  const fields = replace
    ? { ...acceptedFields(request), checksums: from.version.content.checksums }
    : from.version.content;
  const source = store.blobs.read(from.version.blobs, 0, from.version.size - 1);
  const version = await storeObject(call, source, fields, 's3:ObjectCreated:Copy', writeConditions(request));
  return xmlAnswer(
    xmlDocument('CopyObjectResult', {
      LastModified: timestamp(version.modified_ms),
      ETag: quoted(version.etag),
    }),
    { ...versionHeader(version), 'x-amz-copy-source-version-id': from.version.version_id },
  );
}

export function getObject(call: Call): Answer {
  const version = readableVersion(call);
  const range = requestedRange(call.request, version);
  call.store.announce('s3:ObjectAccessed:Get', call.request.bucket, version.key, () =>
    call.event('s3:ObjectAccessed:Get', call.request.bucket)(version),
  );
  const head = objectHeaders(call.request, version);
  const blobs = call.store.blobs;
  if (range === undefined) {
    const body =
      blobs.readSmall(version.blobs, version.size) ?? blobs.read(version.blobs, 0, version.size - 1);
    return { status: 200, headers: { ...head, 'content-length': version.size }, body };
  }
  return {
    status: 206,
    headers: { ...head, ...rangeHeaders(range, version) },
    body: blobs.read(version.blobs, range.first, range.last),
  };
}

export function headObject(call: Call): Answer {
  const version = readableVersion(call);
  const range = requestedRange(call.request, version);
  call.store.announce('s3:ObjectAccessed:Head', call.request.bucket, version.key, () =>
    call.event('s3:ObjectAccessed:Head', call.request.bucket)(version),
  );
  const head = objectHeaders(call.request, version);
  if (range === undefined) return { status: 200, headers: { ...head, 'content-length': version.size } };
  return { status: 206, headers: { ...head, ...rangeHeaders(range, version) } };
}

export function deleteObject({ store, request }: Call): Answer {
  const gone = store.deleteObject(request.bucket, request.key, request.query.get('versionId'));
  const marker = gone?.delete_marker ? { 'x-amz-delete-marker': 'true' } : {};
  return { status: 204, headers: { ...marker, ...(gone === undefined ? {} : versionHeader(gone)) } };
}

export async function deleteObjects({ store, request, signed }: Call): Promise<Answer> {
  const root = parseXml(await bodyText(request, signed, MAX_DELETE_XML_BYTES));
  const objects = root.children.filter((node) => node.name === 'Object');
  if (root.name !== 'Delete' || objects.length > MAX_DELETES) throw new S3Error('MalformedXML');
  store.bucket(request.bucket);
  const Deleted: Record<string, string | undefined>[] = [];
  const failed: Record<string, string>[] = [];
  for (const node of objects) {
    const Key = childText(node, 'Key') ?? '';
    const VersionId = childText(node, 'VersionId') || undefined;
    try {
      checkKey(Key);
      const gone = store.deleteObject(request.bucket, Key, VersionId);
      Deleted.push({ Key, VersionId, ...deletedMarker(gone) });
    } catch (error) {
      const { code, message } = asS3Error(error);
      failed.push({ Key, Code: code, Message: message });
    }
  }
  const quiet = childText(root, 'Quiet') === 'true';
  return xmlAnswer(xmlDocument('DeleteResult', { Deleted: quiet ? [] : Deleted, Error: failed }));
}

export function writeConditions(request: S3Request): WriteConditions {
  return { if_match: header(request, 'if-match'), if_none_match: header(request, 'if-none-match') };
}

export function versionHeader(version: ObjectVersion): Record<string, string> {
  return version.version_id === NULL_VERSION ? {} : { 'x-amz-version-id': version.version_id };
}

/** The content fields of a write, when the request asks for nothing that this gateway would silently not do. */
export function acceptedFields(request: S3Request): Omit<ContentFields, 'checksums'> {
  const unsupported = Object.keys(request.message.headers).find((name) =>
    /^x-amz-(server-side-encryption|tagging|object-lock|website-redirect)/.test(name),
  );
  if (unsupported !== undefined)
    throw new S3Error('NotImplemented', `Header ${unsupported} is not supported.`);
  const fields = contentFields(request);
  if (metadataTooLarge(fields.metadata))
    throw new S3Error('InvalidArgument', 'User metadata is larger than 2 KiB.');
  return fields;
}

/** The version a copy reads, checked against the `x-amz-copy-source-if-` headers. */
export function copySource({ store, request }: Call): { bucket: string; version: ObjectVersion } {
  const { bucket, key, version_id } = parseCopySource(header(request, 'x-amz-copy-source') ?? '');
  const version = findVersion(store.bucket(bucket).versions.get(key), version_id);
  const match = header(request, 'x-amz-copy-source-if-match');
  const none_match = header(request, 'x-amz-copy-source-if-none-match');
  if (match !== undefined && !matchesEtag(match, version)) throw new S3Error('PreconditionFailed');
  if (none_match !== undefined && matchesEtag(none_match, version)) throw new S3Error('PreconditionFailed');
  return { bucket, version };
}

/** `bytes=first-last`, `bytes=first-`, `bytes=-count` within `size`; undefined for other forms, which are ignored. */
export function parseRange(
  text: string | undefined,
  size: number,
): { first: number; last: number } | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(text ?? '');
  if (parts === null || parts[0] === 'bytes=-') return undefined;
  const [from, to] = [parts[1]!, parts[2]!];
  const first = from === '' ? Math.max(size - Number(to), 0) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first >= size || (from === '' && Number(to) === 0)) throw new S3Error('InvalidRange');
  return first > last ? undefined : { first, last };
}

async function storeObject(
  call: Call,
  source: AsyncIterable<Buffer>,
  content: ContentFields,
  event: 's3:ObjectCreated:Put' | 's3:ObjectCreated:Copy',
  conditions: WriteConditions,
): Promise<ObjectVersion> {
  const { store, request } = call;
  const { md5, ...blob } = await store.blobs.write(source);
  try {
    const draft = { key: request.key, etag: md5.toString('hex'), size: blob.size, blobs: [blob], content };
    return store.commitVersion(request.bucket, draft, {
      conditions,
      event,
      body: call.event(event, request.bucket),
    });
  } catch (error) {
    store.blobs.free([blob]);
    throw error;
  }
}

function findVersion(
  versions: readonly ObjectVersion[] | undefined,
  version_id: string | undefined,
): ObjectVersion {
  const version =
    version_id === undefined ? versions?.[0] : versions?.find((one) => one.version_id === version_id);
  if (version === undefined) throw new S3Error(version_id === undefined ? 'NoSuchKey' : 'NoSuchVersion');
  if (!version.delete_marker) return version;
  const headers = { 'x-amz-delete-marker': 'true', ...versionHeader(version) };
  throw version_id === undefined
    ? new S3Error('NoSuchKey', undefined, headers)
    : new S3Error('MethodNotAllowed', undefined, headers);
}

function readableVersion({ store, request }: Call): ObjectVersion {
  const versions = store.bucket(request.bucket).versions.get(request.key);
  const version = findVersion(versions, request.query.get('versionId'));
  const modified_s = Math.floor(version.modified_ms / 1000);
  const seconds = (name: string) => Date.parse(header(request, name) ?? '') / 1000;
  const match = header(request, 'if-match');
  const none_match = header(request, 'if-none-match');
  if (match !== undefined ? !matchesEtag(match, version) : modified_s > seconds('if-unmodified-since')) {
    throw new S3Error('PreconditionFailed');
  }
  if (
    none_match !== undefined ? matchesEtag(none_match, version) : modified_s <= seconds('if-modified-since')
  ) {
    throw new NotModified(version);
  }
  return version;
}

/** Not an error to S3: answered as 304 without a body. */
export class NotModified extends Error {
  readonly headers: Readonly<Record<string, string>>;

  constructor(version: ObjectVersion) {
    super('not modified');
    this.headers = { etag: quoted(version.etag), ...versionHeader(version) };
  }
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function requestedRange(request: S3Request, version: ObjectVersion): Range | undefined {
  const part = request.query.get('partNumber');
  if (part === undefined) return parseRange(header(request, 'range'), version.size);
  const index = Number(part) - 1;
  const blob = version.blobs[index];
  if (blob === undefined) throw new S3Error('InvalidRange', 'The requested part is not there.');
  const first = version.blobs.slice(0, index).reduce((sum, { size }) => sum + size, 0);
  return { first, last: first + blob.size - 1 };
}

function rangeHeaders({ first, last }: Range, version: ObjectVersion): Record<string, string | number> {
  return { 'content-length': last - first + 1, 'content-range': `bytes ${first}-${last}/${version.size}` };
}

function objectHeaders(request: S3Request, version: ObjectVersion): Record<string, string> {
  const metadata = Object.entries(version.content.metadata).map(([name, value]) => [
    `x-amz-meta-${name}`,
    value,
  ]);
  const overrides = [...request.query]
    .filter(([name]) =>
      /^response-(content-(type|language|disposition|encoding)|cache-control|expires)$/.test(name),
    )
    .map(([name, value]) => [name.slice('response-'.length), value]);
  const whole = header(request, 'range') === undefined && !request.query.has('partNumber');
  const checksums = whole && header(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  return {
    ...version.content.headers,
    ...Object.fromEntries(metadata),
    ...(checksums ? { ...version.content.checksums } : {}),
    ...Object.fromEntries(overrides),
    ...versionHeader(version),
    ...(version.blobs.length > 1 ? { 'x-amz-mp-parts-count': String(version.blobs.length) } : {}),
    etag: quoted(version.etag),
    'last-modified': new Date(version.modified_ms).toUTCString(),
    'accept-ranges': 'bytes',
  };
}

function deletedMarker(gone: ObjectVersion | undefined): Record<string, string> {
  return gone?.delete_marker ? { DeleteMarker: 'true', DeleteMarkerVersionId: gone.version_id } : {};
}
