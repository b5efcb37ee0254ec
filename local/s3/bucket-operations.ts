/** Operations on the service and its buckets: create, look up, list. */
import { bodyText } from './body.ts';
import { S3Error } from './errors.ts';
import { type Page, type PageQuery, pageOfObjects, pageOfVersions } from './listing.ts';
import { type Answer, type Call, quoted, xmlAnswer } from './operation.ts';
import type { ObjectVersion } from './state.ts';
import { parseXml, type XmlFields, xmlDocument } from './xml.ts';

const MAX_KEYS = 1000;

export function listBuckets({ store, owner }: Call): Answer {
  const Bucket = [...store.state.buckets.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, created_ms }) => ({ Name: name, CreationDate: timestamp(created_ms) }));
  return xmlAnswer(xmlDocument('ListAllMyBucketsResult', { Owner: ownerFields(owner), Buckets: { Bucket } }));
}

export async function createBucket({ store, request, signed }: Call): Promise<Answer> {
  const text = await bodyText(request, signed, 64 * 1024);
  if (text !== '') parseXml(text);
  checkBucketName(request.bucket);
  if (store.state.buckets.has(request.bucket)) throw new S3Error('BucketAlreadyOwnedByYou');
  store.commit({ op: 'bucket', name: request.bucket, created_ms: Date.now() });
  return { status: 200, headers: { location: `/${request.bucket}` } };
}

export function headBucket({ store, request, region }: Call): Answer {
  store.bucket(request.bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
}

export function getBucketLocation({ store, request, region }: Call): Answer {
  store.bucket(request.bucket);
  // The first region answers an empty element; S3 has done so since before it had regions.
  const location = region === 'us-east-1' ? '' : region;
  return xmlAnswer(xmlDocument('LocationConstraint', location));
}

export function getBucketVersioning({ store, request }: Call): Answer {
  store.bucket(request.bucket);
  return xmlAnswer(xmlDocument('VersioningConfiguration', { Status: 'Enabled' }));
}

export function listObjects(call: Call): Answer {
  const { query } = call.request;
  const marker = query.get('marker') ?? '';
  const asked = pageQuery(call, marker);
  const page = pageOfObjects(call.store.bucket(call.request.bucket), asked);
  const encode = keyEncoding(call);
  return xmlAnswer(
    xmlDocument('ListBucketResult', {
      ...pageFields(call, asked, page),
      Marker: encode(marker),
      NextMarker: page.truncated ? encode(page.last ?? '') : undefined,
      Contents: page.versions.map((one) => ({ ...entryFields(one, encode), Owner: ownerFields(call.owner) })),
      CommonPrefixes: commonPrefixes(page, encode),
    }),
  );
}

export function listObjectsV2(call: Call): Answer {
  const { query } = call.request;
  const token = query.get('continuation-token');
  const start_after = query.get('start-after');
  const asked = pageQuery(call, token === undefined ? (start_after ?? '') : placeOf(token));
  const page = pageOfObjects(call.store.bucket(call.request.bucket), asked);
  const encode = keyEncoding(call);
  const owner = query.get('fetch-owner') === 'true' ? { Owner: ownerFields(call.owner) } : {};
  return xmlAnswer(
    xmlDocument('ListBucketResult', {
      ...pageFields(call, asked, page),
      KeyCount: page.versions.length + page.common_prefixes.length,
      StartAfter: start_after === undefined ? undefined : encode(start_after),
      ContinuationToken: token,
      NextContinuationToken: page.truncated ? tokenOf(page.last ?? '') : undefined,
      Contents: page.versions.map((one) => ({ ...entryFields(one, encode), ...owner })),
      CommonPrefixes: commonPrefixes(page, encode),
    }),
  );
}

export function listObjectVersions(call: Call): Answer {
  const { query } = call.request;
  const key_marker = query.get('key-marker') ?? '';
  const version_marker = query.get('version-id-marker') ?? '';
  const asked = {
    ...pageQuery(call, key_marker),
    ...(version_marker === '' ? {} : { after_version: version_marker }),
  };
  const bucket = call.store.bucket(call.request.bucket);
  const page = pageOfVersions(bucket, asked);
  const encode = keyEncoding(call);
  const fields = (one: ObjectVersion) => ({
    ...(one.delete_marker
      ? { Key: encode(one.key), LastModified: timestamp(one.modified_ms) }
      : entryFields(one, encode)),
    VersionId: one.version_id,
    IsLatest: bucket.versions.get(one.key)?.[0] === one,
    Owner: ownerFields(call.owner),
  });
  return xmlAnswer(
    xmlDocument('ListVersionsResult', {
      ...pageFields(call, asked, page),
      KeyMarker: encode(key_marker),
      VersionIdMarker: version_marker,
      NextKeyMarker: page.truncated ? encode(page.last ?? '') : undefined,
      NextVersionIdMarker: page.truncated ? page.last_version : undefined,
      Version: page.versions.filter((one) => !one.delete_marker).map(fields),
      DeleteMarker: page.versions.filter((one) => one.delete_marker).map(fields),
      CommonPrefixes: commonPrefixes(page, encode),
    }),
  );
}

export function checkBucketName(name: string): void {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
    throw new S3Error('InvalidBucketName');
}

export function ownerFields(owner: string): XmlFields {
  return { ID: owner, DisplayName: owner };
}

export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** `encoding-type=url`: percent-encoded but for slashes, so that keys XML cannot hold come through. */
export function keyEncoding({ request }: Call): (text: string) => string {
  const type = request.query.get('encoding-type');
  if (type === undefined || type === '') return (text) => text;
  if (type !== 'url') throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request.');
  return (text) => text.split('/').map(encodeURIComponent).join('/');
}

export function limitOf(call: Call, name: string): number {
  const text = call.request.query.get(name) ?? '';
  if (text === '') return MAX_KEYS;
  if (!/^\d{1,10}$/.test(text)) throw new S3Error('InvalidArgument', `${name} is not a number.`);
  return Math.min(Number(text), MAX_KEYS);
}

function pageQuery(call: Call, after: string): PageQuery {
  const { query } = call.request;
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after,
    max_keys: limitOf(call, 'max-keys'),
  };
}

function pageFields(call: Call, asked: PageQuery, page: Page): XmlFields {
  const encode = keyEncoding(call);
  return {
    Name: call.request.bucket,
    Prefix: encode(asked.prefix),
    Delimiter: asked.delimiter === '' ? undefined : encode(asked.delimiter),
    MaxKeys: asked.max_keys,
    EncodingType: call.request.query.get('encoding-type'),
    IsTruncated: page.truncated,
  };
}

function entryFields(version: ObjectVersion, encode: (text: string) => string): XmlFields {
  return {
    Key: encode(version.key),
    LastModified: timestamp(version.modified_ms),
    ETag: quoted(version.etag),
    Size: version.size,
    StorageClass: 'STANDARD',
  };
}

function commonPrefixes(page: Page, encode: (text: string) => string): XmlFields[] {
  return page.common_prefixes.map((prefix) => ({ Prefix: encode(prefix) }));
}

function tokenOf(place: string): string {
  return Buffer.from(place).toString('base64url');
}

function placeOf(token: string): string {
  if (!/^[\w-]+$/.test(token)) throw new S3Error('InvalidArgument', 'The continuation token is not valid.');
  return Buffer.from(token, 'base64url').toString('utf8');
}
