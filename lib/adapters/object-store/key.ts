/**
 * What every object store of ours takes as a key and as metadata: the rules of S3, checked before a store is asked.
 */
import { refusal } from '#lib/domain/errors.ts';

const MAX_KEY_BYTES = 1024;
const MAX_METADATA_BYTES = 2048;

/** Any well-formed text of 1 to 1,024 UTF-8 bytes without NUL. */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  const wrong =
    bytes === 0
      ? 'is empty'
      : bytes > MAX_KEY_BYTES
        ? `has ${bytes} bytes, more than ${MAX_KEY_BYTES}`
        : key.includes('\0') || !key.isWellFormed()
          ? 'holds NUL or half a surrogate pair'
          : undefined;
  if (wrong === undefined) return;
  throw refusal('object_key_invalid', `object key ${JSON.stringify(key.slice(0, 80))} ${wrong}`, {
    remedy: 'Use 1 to 1,024 bytes of UTF-8 without NUL.',
    field: 'key',
  });
}

/** Metadata as it comes back from S3: names in lower case. */
export function checkedMetadata(metadata: Readonly<Record<string, string>> = {}): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[a-zA-Z0-9_.-]+$/.test(name))
      throw metadataRefusal(`name ${JSON.stringify(name)} is no header name`);
    checked[name.toLowerCase()] = value;
  }
  const bytes = Buffer.byteLength(Object.entries(checked).flat().join(''));
  if (bytes > MAX_METADATA_BYTES)
    throw metadataRefusal(`has ${bytes} bytes, more than ${MAX_METADATA_BYTES}`);
  return checked;
}

function metadataRefusal(wrong: string): Error {
  return refusal('object_metadata_invalid', `object metadata ${wrong}`, { field: 'metadata' });
}
