/**
 * Checks a folder of an export against its manifest, offline: every byte of every file, nothing missing, nothing more, and
 * the signature. What is wrong is a value with the file's name and every block that differs, never only a verdict.
 */
import { createHash, hash, type KeyObject } from 'node:crypto';
import { AurumError } from '#lib/domain/errors.ts';
import { isSigned, keyId, readManifest } from '#lib/domain/export-manifest.ts';
import { blockBytesOf, type ExportFile, type ExportManifest, MANIFEST_NAME } from '#schemas/export.ts';

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
  /** Of a file that changed: the stretches that differ, in whole blocks; past its end where bytes were added. */
  readonly differs?: readonly ByteRange[];
}

export interface ByteRange {
  readonly first_byte: number;
  readonly last_byte: number;
}

export interface ExportProof {
  /** Undefined when there is none to read. */
  readonly manifest: ExportManifest | undefined;
  readonly findings: readonly ExportFinding[];
  /**
   * `proven`: as the holder of the key given signed it. `consistent`: as it was signed by whoever signed it, which a
   * forger who signs anew is, too. `changed`: see the findings.
   */
  readonly verdict: 'proven' | 'consistent' | 'changed';
}

/** @param key the exporter's public key, known from elsewhere; without it the one in the manifest is used */
export async function verifyExport(folder: ExportFolder, key?: KeyObject): Promise<ExportProof> {
  const entries = await folder.entries();
  const files = new Set(entries.filter(({ is_file }) => is_file).map(({ name }) => name));
  if (!files.has(MANIFEST_NAME)) {
    const message = 'there is no manifest: the export is not whole, or this is not its folder';
    return changed(undefined, [finding('manifest_missing', MANIFEST_NAME, message)]);
  }
  const read = await manifestOf(folder);
  if ('code' in read) return changed(undefined, [read]);
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
  if (findings.length > 0) return changed(read, findings);
  return { manifest: read, findings, verdict: key === undefined ? 'consistent' : 'proven' };
}

const changed = (manifest: ExportManifest | undefined, findings: readonly ExportFinding[]): ExportProof => ({
  manifest,
  findings,
  verdict: 'changed',
});

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
  const block_bytes = blockBytesOf(file);
  const found = await hashesOf(folder.read(file.name), block_bytes);
  if (found.sha256 === file.sha256 && found.bytes === file.bytes) return [];
  const differs = differences(file, found, block_bytes);
  const places = differs.slice(0, TOLD).map(({ first_byte, last_byte }) => `${first_byte}-${last_byte}`);
  const more = differs.length > TOLD ? ` and in ${differs.length - TOLD} more places` : '';
  const size = found.bytes === file.bytes ? '' : `; ${found.bytes} bytes instead of ${file.bytes}`;
  const message = `it is not as it was signed: it differs in bytes ${places.join(', ')}${more}${size}`;
  return [{ ...finding('file_changed', file.name, message), differs }];
}

/** Places told in words; all of them are in `differs`. */
const TOLD = 20;

/** Blocks that differ, neighbours as one. */
function differences(file: ExportFile, found: FileHashes, block_bytes: number): ByteRange[] {
  const end = Math.max(file.bytes, found.bytes);
  const ranges: ByteRange[] = [];
  for (let index = 0; index < Math.max(file.blocks_sha256.length, found.blocks.length); index++) {
    const start = index * block_bytes;
    const last_byte = Math.min(start + block_bytes, end) - 1;
    const [signed, held] = [file.blocks_sha256[index], found.blocks[index]];
    if (signed !== undefined && signed === held) continue;
    const before = ranges.at(-1);
    if (before?.last_byte === start - 1) ranges[ranges.length - 1] = { ...before, last_byte };
    else ranges.push({ first_byte: start, last_byte });
  }
  // Blocks that all agree with a whole that does not: the manifest itself is at odds.
  return ranges.length > 0 ? ranges : [{ first_byte: 0, last_byte: end - 1 }];
}

interface FileHashes {
  readonly sha256: string;
  readonly bytes: number;
  readonly blocks: readonly string[];
}

async function hashesOf(bytes: AsyncIterable<Uint8Array>, block_bytes: number): Promise<FileHashes> {
  const whole = createHash('sha256');
  const blocks: string[] = [];
  const block = Buffer.alloc(block_bytes);
  let filled = 0;
  let total = 0;
  for await (const chunk of bytes) {
    whole.update(chunk);
    total += chunk.length;
    for (let start = 0; start < chunk.length; ) {
      const taken = chunk.subarray(start, start + block_bytes - filled);
      block.set(taken, filled);
      filled += taken.length;
      start += taken.length;
      if (filled < block_bytes) continue;
      blocks.push(hash('sha256', block, 'hex'));
      filled = 0;
    }
  }
  if (filled > 0) blocks.push(hash('sha256', block.subarray(0, filled), 'hex'));
  return { sha256: whole.digest('hex'), bytes: total, blocks };
}
