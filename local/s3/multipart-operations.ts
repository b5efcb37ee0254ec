/** Multipart uploads: create, upload or copy a part, list, complete, abort. */
import { createHash, randomUUID } from 'node:crypto';
import { bodyText, checkedBody, requireLength } from './body.ts';
import { keyEncoding, limitOf, ownerFields, timestamp } from './bucket-operations.ts';
import { S3Error } from './errors.ts';
import {
  acceptedFields,
  copySource,
  parseRange,
  versionHeader,
  writeConditions,
} from './object-operations.ts';
import { type Answer, type Call, quoted, xmlAnswer } from './operation.ts';
import { header } from './request.ts';
import type { OpenUpload, UploadedPart } from './state.ts';
import { childText, parseXml, xmlDocument } from './xml.ts';

const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_COMPLETE_XML_BYTES = 4 * 1024 ** 2;

export async function createMultipartUpload(call: Call): Promise<Answer> {
  const { store, request, signed } = call;
  const { bucket, key } = request;
  store.bucket(bucket);
  await bodyText(request, signed, 0);
  const content = { ...acceptedFields(request), checksums: {} };
  const upload = { id: randomUUID(), bucket, key, started_ms: Date.now(), content };
  store.commit({ op: 'upload', upload });
  return xmlAnswer(
    xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.id }),
  );
}

export async function uploadPart(call: Call): Promise<Answer> {
  const { request, signed } = call;
  requireLength(request);
  const { content, checksums } = checkedBody(request, signed);
  const part = await storePart(call, content);
  return { status: 200, headers: { etag: quoted(part.etag), ...checksums } };
}

export async function uploadPartCopy(call: Call): Promise<Answer> {
  const { version } = copySource(call);
  const range = parseRange(header(call.request, 'x-amz-copy-source-range'), version.size);
  const { first, last } = range ?? { first: 0, last: version.size - 1 };
  const part = await storePart(call, call.store.blobs.read(version.blobs, first, last));
  return xmlAnswer(
    xmlDocument('CopyPartResult', { ETag: quoted(part.etag), LastModified: timestamp(part.modified_ms) }),
  );
}

export function listParts(call: Call): Answer {
  const { request, owner } = call;
  const upload = openUpload(call);
  const max_parts = limitOf(call, 'max-parts');
  const marker = Number(request.query.get('part-number-marker') ?? 0);
  const behind = sortedParts(upload).filter((part) => part.number > marker);
  const page = behind.slice(0, max_parts);
  const truncated = behind.length > page.length;
  return xmlAnswer(
    xmlDocument('ListPartsResult', {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.id,
      Initiator: ownerFields(owner),
      Owner: ownerFields(owner),
      StorageClass: 'STANDARD',
      PartNumberMarker: marker,
      NextPartNumberMarker: truncated ? page.at(-1)?.number : undefined,
      MaxParts: max_parts,
      IsTruncated: truncated,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: timestamp(part.modified_ms),
        ETag: quoted(part.etag),
        Size: part.blob.size,
      })),
    }),
  );
}

export function listMultipartUploads(call: Call): Answer {
  const { store, request, owner } = call;
  store.bucket(request.bucket);
  const encode = keyEncoding(call);
  const prefix = request.query.get('prefix') ?? '';
  const max_uploads = limitOf(call, 'max-uploads');
  const marker = [request.query.get('key-marker') ?? '', request.query.get('upload-id-marker') ?? '\uffff'];
  const place = (upload: OpenUpload) => `${upload.key}\0${upload.id}`;
  const behind = [...store.state.uploads.values()]
    .filter((upload) => upload.bucket === request.bucket && upload.key.startsWith(prefix))
    .filter((upload) => marker[0] === '' || place(upload) > marker.join('\0'))
    .sort((a, b) => (place(a) < place(b) ? -1 : 1));
  const page = behind.slice(0, max_uploads);
  const truncated = behind.length > page.length;
  return xmlAnswer(
    xmlDocument('ListMultipartUploadsResult', {
      Bucket: request.bucket,
      KeyMarker: encode(request.query.get('key-marker') ?? ''),
      UploadIdMarker: request.query.get('upload-id-marker') ?? '',
      NextKeyMarker: truncated ? encode(page.at(-1)?.key ?? '') : undefined,
      NextUploadIdMarker: truncated ? page.at(-1)?.id : undefined,
      Prefix: encode(prefix),
      EncodingType: request.query.get('encoding-type'),
      MaxUploads: max_uploads,
      IsTruncated: truncated,
      Upload: page.map((upload) => ({
        Key: encode(upload.key),
        UploadId: upload.id,
        Initiator: ownerFields(owner),
        Owner: ownerFields(owner),
        StorageClass: 'STANDARD',
        Initiated: timestamp(upload.started_ms),
      })),
    }),
  );
}

export async function completeMultipartUpload(call: Call): Promise<Answer> {
  const { store, request, signed } = call;
  const text = await bodyText(request, signed, MAX_COMPLETE_XML_BYTES, true);
  const upload = openUpload(call);
  const parts = chosenParts(parseXml(text), upload);
  const digest = createHash('md5');
  for (const part of parts) digest.update(part.etag, 'hex');
  const draft = {
    key: upload.key,
    etag: `${digest.digest('hex')}-${parts.length}`,
    size: parts.reduce((sum, part) => sum + part.blob.size, 0),
    blobs: parts.map((part) => part.blob),
    content: upload.content,
  };
  const event = 's3:ObjectCreated:CompleteMultipartUpload';
  const version = store.commitVersion(upload.bucket, draft, {
    conditions: writeConditions(request),
    event,
    body: call.event(event, upload.bucket),
    upload: upload.id,
  });
  return xmlAnswer(
    xmlDocument('CompleteMultipartUploadResult', {
      Location: `/${upload.bucket}/${upload.key}`,
      Bucket: upload.bucket,
      Key: upload.key,
      ETag: quoted(version.etag),
    }),
    versionHeader(version),
  );
}

export function abortMultipartUpload(call: Call): Answer {
  call.store.commit({ op: 'abort', upload: openUpload(call).id });
  return { status: 204 };
}

async function storePart(call: Call, source: AsyncIterable<Buffer>): Promise<UploadedPart> {
  const { store, request } = call;
  const number = Number(request.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${MAX_PARTS}.`);
  }
  openUpload(call);
  const { md5, ...blob } = await store.blobs.write(source);
  try {
    openUpload(call); // it may have been aborted meanwhile
    const part = { number, etag: md5.toString('hex'), blob, modified_ms: Date.now() };
    store.commit({ op: 'part', upload: request.query.get('uploadId') ?? '', part });
    return part;
  } catch (error) {
    store.blobs.free([blob]);
    throw error;
  }
}

function openUpload({ store, request }: Call): OpenUpload {
  store.bucket(request.bucket);
  const upload = store.state.uploads.get(request.query.get('uploadId') ?? '');
  if (upload === undefined || upload.bucket !== request.bucket || upload.key !== request.key) {
    throw new S3Error('NoSuchUpload');
  }
  return upload;
}

function chosenParts(root: ReturnType<typeof parseXml>, upload: OpenUpload): UploadedPart[] {
  const named = root.children.filter((node) => node.name === 'Part');
  if (root.name !== 'CompleteMultipartUpload' || named.length === 0) throw new S3Error('MalformedXML');
  const numbers = named.map((node) => Number(childText(node, 'PartNumber')));
  if (numbers.some((number, index) => !(number > (numbers[index - 1] ?? 0))))
    throw new S3Error('InvalidPartOrder');
  return named.map((node, index) => {
    const part = upload.parts.get(numbers[index]!);
    const etag = childText(node, 'ETag')?.trim().replace(/^"|"$/g, '');
    if (part === undefined || part.etag !== etag) throw new S3Error('InvalidPart');
    if (part.blob.size < MIN_PART_BYTES && index < named.length - 1) throw new S3Error('EntityTooSmall');
    return part;
  });
}

function sortedParts(upload: OpenUpload): UploadedPart[] {
  return [...upload.parts.values()].sort((a, b) => a.number - b.number);
}
