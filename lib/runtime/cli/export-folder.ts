/** A folder on this machine as the place an export is written to, and as one that is checked. */
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { refusal } from '#lib/domain/errors.ts';
import type { ExportPorts } from '#lib/flows/export-curves.ts';
import type { ExportFolder } from '#lib/flows/verify-export.ts';

/** Files by name below the folder; one that is there already is kept. */
export function exportTarget(folder: string): ExportPorts['objects'] {
  return {
    async get(key) {
      const body = await readFile(join(folder, key)).catch(() => undefined);
      if (body === undefined) return undefined;
      return { key, body, etag: '', version_id: undefined, last_modified: '', metadata: {} };
    },
    async put(key, body) {
      const path = join(folder, key);
      await mkdir(dirname(path), { recursive: true });
      try {
        await writeFile(path, body, { flag: 'wx' });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return { outcome: 'refused' };
        throw refusal('file_unwritable', 'it cannot be written', { file: path, cause });
      }
      return { outcome: 'stored', etag: '' };
    },
  };
}

export function exportFolder(folder: string): ExportFolder {
  return {
    async entries() {
      const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
        throw refusal('folder_unreadable', 'it cannot be listed', {
          file: folder,
          remedy: 'Name the folder that holds manifest.json.',
          cause,
        });
      });
      return found
        .filter((entry) => !entry.isDirectory())
        .map((entry) => ({
          name: relative(folder, join(entry.parentPath, entry.name)),
          is_file: entry.isFile(),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async *read(name) {
      // A link that took a file's place since the listing is not followed.
      const file = await open(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      yield* createReadStream('', { fd: file }) as AsyncIterable<Uint8Array>;
    },
  };
}
