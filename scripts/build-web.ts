/**
 * `npm run build:web`: the desk into `web/dist`, each file also compressed, so that serving it costs a read. `npm start`
 * calls `ensureDesk` and builds only what is missing or older than its sources.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'web/dist');
const SOURCES = ['web/index.html', 'web/vite.config.ts', 'web/src', 'client'];

/** @returns bytes of all files as a browser gets them. */
export async function buildDesk(): Promise<number> {
  const { build } = await import('vite');
  await build({ configFile: join(ROOT, 'web/vite.config.ts'), logLevel: 'warn' });
  return filesBelow(DIST).reduce((sum, file) => sum + compress(file), 0);
}

/** @returns whether it had to be built. */
export async function ensureDesk(): Promise<boolean> {
  const page = join(DIST, 'index.html');
  if (existsSync(page) && existsSync(`${page}.br`) && statSync(page).mtimeMs >= newestSource()) return false;
  await buildDesk();
  return true;
}

function newestSource(): number {
  const files = SOURCES.map((source) => join(ROOT, source)).flatMap((path) =>
    statSync(path).isDirectory() ? filesBelow(path) : [path],
  );
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

function compress(file: string): number {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const small = brotliCompressSync(bytes, { params });
  writeFileSync(`${file}.br`, small);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  return small.length;
}

if (import.meta.main) {
  const started_ms = performance.now();
  const size_bytes = await buildDesk();
  const took_s = ((performance.now() - started_ms) / 1000).toFixed(1);
  process.stderr.write(`built web/dist: ${Math.round(size_bytes / 1000)} kB compressed, in ${took_s} s\n`);
}
