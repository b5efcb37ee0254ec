/** What the modules of a folder export, for files that are generated from it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Name and value of every export of a folder of the repository, by file and name. */
export async function exportsOf(folder: string): Promise<readonly (readonly [string, unknown])[]> {
  const files = readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  const modules = await Promise.all(files.map((file): Promise<object> => import(join(ROOT, folder, file))));
  return modules.flatMap((module) => Object.entries(module));
}
