/**
 * What S3 answers when it refuses: code, status and message as S3 and MinIO give them. Knows nothing of HTTP or XML.
 */

const refusals = {
  AccessDenied: [403, 'Access Denied.'],
  AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid.'],
  AuthorizationQueryParametersError: [400, 'The X-Amz-* query parameters are incomplete or not valid.'],
  BadDigest: [400, 'A checksum or Content-MD5 you specified did not match what we received.'],
  BucketAlreadyOwnedByYou: [
    409,
    'Your previous request to create the named bucket succeeded and you own it.',
  ],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed object size of 5 GiB.'],
  EntityTooSmall: [400, 'A part that is not the last is smaller than 5 MiB.'],
  IncompleteBody: [400, 'The body does not have the number of bytes that the headers announce.'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [403, 'The access key id you provided does not exist in our records.'],
  InvalidArgument: [400, 'An argument of the request is not valid.'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 or checksum value that you specified is not valid.'],
  InvalidPart: [400, 'A part could not be found, or its ETag does not match the uploaded part.'],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.'],
  InvalidRange: [416, 'The requested range is not satisfiable.'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidURI: [400, 'The specified URI could not be parsed.'],
  KeyTooLongError: [400, 'Your key is longer than 1024 bytes.'],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not validate.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist.'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchUpload: [
    404,
    'The specified multipart upload does not exist; it may have been aborted or completed.',
  ],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NotImplemented: [501, 'This gateway does not implement what the request asks for.'],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold.'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and the server time is too large.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
  XMinioInvalidObjectName: [400, 'Object name contains unsupported characters.'],
  XMinioStorageFull: [507, 'The disk of the data folder is full.'],
} as const satisfies Record<string, readonly [number, string]>;

export type S3Code = keyof typeof refusals;

export class S3Error extends Error {
  readonly code: S3Code;
  readonly status: number;
  /** Further headers of the answer, such as `x-amz-delete-marker`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: S3Code, message?: string, headers: Readonly<Record<string, string>> = {}) {
    super(message ?? refusals[code][1]);
    this.name = 'S3Error';
    this.code = code;
    this.status = refusals[code][0];
    this.headers = headers;
  }
}

/** What went wrong inside, as S3 would say it; the cause stays with the log. */
export function asS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  const wrapped = new S3Error(full ? 'XMinioStorageFull' : 'InternalError');
  wrapped.cause = error;
  return wrapped;
}
