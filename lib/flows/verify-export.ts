/**
 * Checks a folder of an export against its manifest, offline: every byte of every file, nothing missing, nothing more, and
 * the signature. What is wrong is a value with the file's name and the place in it, never only a verdict.
 */
import { createHash, hash, type KeyObject } from 'node:crypto';
import { AurumError } from '#lib/domain/errors.ts';
import { isSigned, keyId, readManifest } from '#lib/domain/export-manifest.ts';
import { BLOCK_BYTES, type ExportFile, type ExportManifest, MANIFEST_NAME } from '#schemas/export.ts';

/** A folder, its files by their path in it. */
export interface ExportFolder {
  /** Everything in it, at any depth; `is_file` is false for links and devices. */
  entries(): Promise<readonly { readonly name: string; readonly is_file: boolean }[]>;
  read(name: string): AsyncIterable<Uint8Array>;
}

export interface ExportFinding {
  readonly code:
    | 'manifest_missing'
    | 'manifest_unreadable'
    | 'manifest_changed'
    | 'signature_invalid'
    | 'key_mismatch'
    | 'file_missing'
    | 'file_changed'
    | 'file_extra';
  readonly file: string;
  readonly message: string;
}

export interface ExportProof {
  /** Undefined when there is none to read. */
  readonly manifest: ExportManifest | undefined;
  readonly findings: readonly ExportFinding[];
}

/** @param key the exporter's public key, known from elsewhere; without it the one in the manifest is used */
export async function verifyExport(folder: ExportFolder, key?: KeyObject): Promise<ExportProof> {
  const entries = await folder.entries();
  const files = new Set(entries.filter(({ is_file }) => is_file).map(({ name }) => name));
  if (!files.has(MANIFEST_NAME)) {
    const message = 'there is no manifest: the export is not whole, or this is not its folder';
    return { manifest: undefined, findings: [{ code: 'manifest_missing', file: MANIFEST_NAME, message }] };
  }
  const read = await manifestOf(folder);
  if ('code' in read) return { manifest: undefined, findings: [read] };
  const named = new Set([MANIFEST_NAME, ...read.files.map(({ name }) => name)]);
  const extra = entries.filter(({ name, is_file }) => !named.has(name) || !is_file);
  const findings: ExportFinding[] = [
    ...signatureFindings(read, key),
    ...extra.map(({ name }) => finding('file_extra', name, 'the manifest does not name it')),
  ];
  for (const file of read.files) {
    if (files.has(file.name)) findings.push(...(await fileFindings(file, folder)));
    else findings.push(finding('file_missing', file.name, 'the manifest names it and it is not there'));
  }
  return { manifest: read, findings };
}

const finding = (code: ExportFinding['code'], file: string, message: string): ExportFinding => ({
  code,
  file,
  message,
});

async function manifestOf(folder: ExportFolder): Promise<ExportManifest | ExportFinding> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of folder.read(MANIFEST_NAME)) chunks.push(chunk);
  try {
    return readManifest(Buffer.concat(chunks));
  } catch (error) {
    if (!(error instanceof AurumError)) throw error;
    return finding(error.code as ExportFinding['code'], MANIFEST_NAME, error.message);
  }
}

function signatureFindings(manifest: ExportManifest, key: KeyObject | undefined): ExportFinding[] {
  const { key_id } = manifest.signature;
  if (key !== undefined && keyId(key) !== key_id) {
    const message = `it is signed with key ${key_id}, not with the key given, ${keyId(key)}`;
    return [finding('key_mismatch', MANIFEST_NAME, message)];
  }
  if (isSigned(manifest, key)) return [];
  return [
    finding('signature_invalid', MANIFEST_NAME, `the signature of key ${key_id} is not of this content`),
  ];
}

async function fileFindings(file: ExportFile, folder: ExportFolder): Promise<ExportFinding[]> {
  const found = await hashesOf(folder.read(file.name));
  if (found.sha256 === file.sha256 && found.bytes === file.bytes) return [];
  const differing = file.blocks_sha256.findIndex((block, index) => block !== found.blocks[index]);
  const first = (differing < 0 ? file.blocks_sha256.length : differing) * BLOCK_BYTES;
  const place = `first difference between byte ${first} and ${Math.min(first + BLOCK_BYTES, Math.max(file.bytes, found.bytes)) - 1}`;
  const size = found.bytes === file.bytes ? '' : `; ${found.bytes} bytes instead of ${file.bytes}`;
  return [finding('file_changed', file.name, `it is not as it was signed: ${place}${size}`)];
}

async function hashesOf(bytes: AsyncIterable<Uint8Array>) {
  const whole = createHash('sha256');
  const blocks: string[] = [];
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  let total = 0;
  for await (const chunk of bytes) {
    whole.update(chunk);
    total += chunk.length;
    for (let start = 0; start < chunk.length; ) {
      const taken = chunk.subarray(start, start + BLOCK_BYTES - filled);
      block.set(taken, filled);
      filled += taken.length;
      start += taken.length;
      if (filled < BLOCK_BYTES) continue;
      blocks.push(hash('sha256', block, 'hex'));
      filled = 0;
    }
  }
  if (filled > 0) blocks.push(hash('sha256', block.subarray(0, filled), 'hex'));
  return { sha256: whole.digest('hex'), bytes: total, blocks };
}
