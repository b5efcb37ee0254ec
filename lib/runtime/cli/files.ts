/** Files a command reads and writes: errors that name the file, output that is whole or absent. */
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AurumError, refusal } from '#lib/domain/errors.ts';

export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = reasonOf(cause, 'it cannot be read');
    throw refusal('file_unreadable', reason, { file: path, remedy: 'Check the path.', cause });
  }
}

/** Writes beside the target, then renames over it; its folder is made when it is not there. */
export async function writeOutput(
  path: string,
  content: Uint8Array | Iterable<string> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    await makeFolder(dirname(path));
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {}); // Where no folder is, no part is left.
    if (cause instanceof AurumError) throw cause;
    const reason = reasonOf(cause, 'it cannot be written');
    throw refusal('file_unwritable', reason, { file: path, remedy: 'Choose another --output.', cause });
  }
}

/** Not `recursive`: that never returns where a file system takes no folders, as /proc. */
async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'access is denied',
  EEXIST: 'a file of that name is in the way',
  ENOSPC: 'the disk is full',
};

function reasonOf(cause: unknown, otherwise: string): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return REASONS[code] ?? `${otherwise}${code === '' ? '' : ` (${code})`}`;
}
