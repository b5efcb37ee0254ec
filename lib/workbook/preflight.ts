/**
 * Looks at a file before anything in it is expanded: whether it is a workbook at all, and whether its archive is one
 * that can be opened safely. Knows magic numbers, names and sizes; parses no XML.
 */
import { overLimit, refuse, type Subject } from './limits.ts';
import { ENCRYPTED_FLAG, isReadableMethod, readDirectory, type ZipEntry } from './zip.ts';

/** Parts by lower-case name, as part names are equal without regard to case. */
export type Parts = ReadonlyMap<string, ZipEntry>;

/** @throws AurumError (refused) for a file that is no workbook or whose archive is not safe to open. */
export function preflight(bytes: Buffer, subject: Subject): Parts {
  if (bytes.length > subject.limits.file_bytes) {
    throw overLimit(subject, 'file_bytes', `The file has ${bytes.length} bytes`);
  }
  refuseOtherFormats(bytes, subject);
  const entries = readDirectory(bytes, subject);
  refuseUnsafeEntries(entries, subject);
  const parts = partsByName(entries, subject);
  refuseOtherPackages(parts, subject);
  return parts;
}

const ZIP_MAGIC = 'PK\x03\x04';
const OLE2_MAGIC = '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1';

/** Beginnings of files that people rename to .xlsx, and what they are. */
const OTHER_FORMATS: readonly (readonly [magic: string, what: string])[] = [
  ['%PDF', 'a PDF document'],
  ['\x1f\x8b', 'a gzip archive'],
  ['7z\xbc\xaf', 'a 7-Zip archive'],
  ['Rar!', 'a RAR archive'],
  ['PAR1', 'a Parquet file'],
  ['\x89PNG', 'a PNG picture'],
  ['{', 'JSON text'],
];

function refuseOtherFormats(bytes: Buffer, subject: Subject): void {
  const head = bytes.toString('latin1', 0, 4096);
  if (head.startsWith(ZIP_MAGIC)) return;
  if (head.startsWith(OLE2_MAGIC)) throw ole2Refusal(bytes, subject);
  throw refuse(subject, 'not_a_workbook', `The file is no .xlsx workbook: it is ${formatOf(head)}`, {
    remedy: 'Deliver the workbook as Excel saves it (.xlsx).',
  });
}

function formatOf(head: string): string {
  if (head === '') return 'empty';
  const known = OTHER_FORMATS.find(([magic]) => head.startsWith(magic));
  if (known !== undefined) return known[1];
  const text = head
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html') || text.startsWith('<table'))
    return 'an HTML page';
  if (text.startsWith('<?xml') || text.startsWith('<')) return 'an XML document';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary data from text.
  if (/[\x00-\x08\x0e-\x1f]/.test(head)) return 'binary data of an unknown kind';
  return /[,;\t]/.test(text) ? 'text with separated columns (CSV)' : 'plain text';
}

/** The old container of Office holds both password-protected workbooks and the .xls format. */
function ole2Refusal(bytes: Buffer, subject: Subject) {
  if (bytes.includes('EncryptedPackage', 0, 'utf16le')) {
    return refuse(subject, 'workbook_encrypted', 'The workbook is protected by a password', {
      remedy: 'Save it without a password and deliver it again.',
    });
  }
  return refuse(subject, 'not_a_workbook', 'The file is a legacy Office file (.xls), not an .xlsx workbook');
}

const RATIO_FROM_BYTES = 1024 * 1024;

function refuseUnsafeEntries(entries: readonly ZipEntry[], subject: Subject): void {
  const { limits } = subject;
  let expanded_bytes = 0;
  for (const entry of entries) {
    const name = JSON.stringify(entry.name.slice(0, 100));
    if (isUnsafeName(entry.name))
      throw refuse(subject, 'entry_name_refused', `The archive has an entry named ${name}`);
    if ((entry.flags & ENCRYPTED_FLAG) !== 0) {
      throw refuse(subject, 'workbook_encrypted', `Entry ${name} of the archive is encrypted`, {
        remedy: 'Save the workbook without a password and deliver it again.',
      });
    }
    if (!isReadableMethod(entry.method)) {
      throw refuse(
        subject,
        'compression_unsupported',
        `Entry ${name} is compressed by method ${entry.method}`,
      );
    }
    expanded_bytes += entry.expanded_bytes;
    const ratio = entry.expanded_bytes / Math.max(1, entry.stored_bytes);
    const isBomb = entry.expanded_bytes > RATIO_FROM_BYTES && ratio > limits.ratio;
    if (isBomb || entry.expanded_bytes > limits.part_bytes || expanded_bytes > limits.expanded_bytes) {
      throw refuse(
        subject,
        'workbook_bomb',
        `The archive expands too far: ${entry.expanded_bytes} bytes from ${entry.stored_bytes} in entry ${name}`,
        { remedy: 'Deliver a smaller workbook.' },
      );
    }
  }
  refuseOverlaps(entries, subject);
}

/** Entries that share bytes are how a small file expands without end. */
function refuseOverlaps(entries: readonly ZipEntry[], subject: Subject): void {
  const inOrder = [...entries].sort((a, b) => a.start - b.start);
  for (let index = 1; index < inOrder.length; index++) {
    if (inOrder[index]!.start < inOrder[index - 1]!.end) {
      throw refuse(subject, 'workbook_bomb', 'Entries of the archive overlap');
    }
  }
}

/** Names that would leave the folder if the archive were unpacked, or that no package may have. */
function isUnsafeName(name: string): boolean {
  return (
    name === '' ||
    name.includes('\0') ||
    name.startsWith('/') ||
    name.includes('\\') ||
    /^[A-Za-z]:/.test(name) ||
    name.split('/').includes('..')
  );
}

function partsByName(entries: readonly ZipEntry[], subject: Subject): Parts {
  const parts = new Map<string, ZipEntry>();
  for (const entry of entries) {
    if (entry.name.endsWith('/')) continue;
    const key = entry.name.toLowerCase();
    if (parts.has(key)) {
      throw refuse(
        subject,
        'duplicate_part',
        `The archive has two entries named ${JSON.stringify(entry.name)}`,
      );
    }
    parts.set(key, entry);
  }
  return parts;
}

/** Other packages that are zip archives too, by a part only they have. */
const OTHER_PACKAGES: readonly (readonly [part: string, what: string])[] = [
  ['xl/workbook.bin', 'a binary workbook (.xlsb)'],
  ['word/document.xml', 'a Word document'],
  ['ppt/presentation.xml', 'a PowerPoint presentation'],
  ['content.xml', 'an OpenDocument file (.ods)'],
];

function refuseOtherPackages(parts: Parts, subject: Subject): void {
  const other = OTHER_PACKAGES.find(([part]) => parts.has(part));
  if (other !== undefined) {
    throw refuse(subject, 'not_a_workbook', `The file is no .xlsx workbook: it is ${other[1]}`);
  }
  if (parts.has('[content_types].xml')) return;
  const isPackage = parts.has('xl/workbook.xml') || parts.has('_rels/.rels');
  throw isPackage
    ? refuse(subject, 'part_missing', 'The workbook lacks its part [Content_Types].xml')
    : refuse(subject, 'not_a_workbook', 'The file is a zip archive, but no workbook is in it');
}
