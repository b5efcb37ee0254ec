/** Digest of the sources that make numbers of inputs: equal for equal sources, wherever they lie and whoever reads them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Plug-ins and schemas too: a default filled in is a number. */
const FOLDERS = ['lib/domain', 'lib/drivers', 'lib/flows', 'schemas'];
const DIGITS = 12;

/** @param root folder of the project */
export function computingSources(root = ROOT): string {
  const digest = createHash('sha256');
  for (const path of FOLDERS.flatMap((folder) => sourcesOf(root, folder)).sort()) {
    digest
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return digest.digest('hex').slice(0, DIGITS);
}

function sourcesOf(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}
