/** Which operation a request asks for: by method, by bucket and key, by the subresource in its query. */
import * as buckets from './bucket-operations.ts';
import { S3Error } from './errors.ts';
import * as multipart from './multipart-operations.ts';
import * as objects from './object-operations.ts';
import type { Operation } from './operation.ts';
import type { S3Request } from './request.ts';

/** Query names that ask for something else than the plain operation; those without a route below are refused. */
const SUBRESOURCES = (
  'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle ' +
  'location logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock ' +
  'replication requestPayment restore retention select tagging torrent uploadId uploads versioning versions website'
).split(' ');

const routes: Readonly<Record<string, Operation>> = {
  'GET service': buckets.listBuckets,
  'PUT bucket': buckets.createBucket,
  'HEAD bucket': buckets.headBucket,
  'GET bucket': (call) =>
    call.request.query.get('list-type') === '2' ? buckets.listObjectsV2(call) : buckets.listObjects(call),
  'GET bucket location': buckets.getBucketLocation,
  'GET bucket versioning': buckets.getBucketVersioning,
  'GET bucket versions': buckets.listObjectVersions,
  'GET bucket uploads': multipart.listMultipartUploads,
  'POST bucket delete': objects.deleteObjects,
  'PUT object': objects.putObject,
  'PUT object copy': objects.copyObject,
  'GET object': objects.getObject,
  'HEAD object': objects.headObject,
  'DELETE object': objects.deleteObject,
  'POST object uploads': multipart.createMultipartUpload,
  'PUT object uploadId': multipart.uploadPart,
  'PUT object uploadId copy': multipart.uploadPartCopy,
  'GET object uploadId': multipart.listParts,
  'POST object uploadId': multipart.completeMultipartUpload,
  'DELETE object uploadId': multipart.abortMultipartUpload,
};

export function operationFor(request: S3Request): Operation {
  const on = request.bucket === '' ? 'service' : request.key === '' ? 'bucket' : 'object';
  const subresource = SUBRESOURCES.find((name) => request.query.has(name));
  const copy =
    on === 'object' && request.message.headers['x-amz-copy-source'] !== undefined ? 'copy' : undefined;
  const route = [request.method, on, subresource, copy].filter((word) => word !== undefined).join(' ');
  const operation = routes[route];
  if (operation !== undefined) return operation;
  throw new S3Error('NotImplemented', `This gateway does not implement '${route}'.`);
}
