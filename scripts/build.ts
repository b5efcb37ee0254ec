/**
 * `node scripts/build.ts [DIR]`: bundles the processes with all functions into DIR (`dist/`), as the container
 * image carries it: no node_modules beside it. The local engine alone stays outside; a cluster has PostgreSQL.
 */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile, type OnLoadArgs, type PluginBuild } from 'esbuild';
import { computingSources } from '#lib/runtime/computing-sources.ts';
import { ensureDesk } from './build-web.ts';

const ROOT = join(import.meta.dirname, '..');

/** Files that are started by name: the processes, and the threads that parse and simulate with what they load. */
const ENTRIES = [
  'lib/runtime/hosts/function-server.ts',
  'lib/runtime/hosts/kafka-consumer.ts',
  'lib/runtime/hosts/sqs-consumer.ts',
  'lib/runtime/parse-worker.ts',
  'lib/adapters/workbook-parser/parse-thread.ts',
  'lib/runtime/simulation-worker.ts',
  'lib/adapters/simulator/simulation-thread.ts',
];
/** WebAssembly that finds its files beside itself; loaded only where settings choose the local engine. */
const LOCAL_ONLY = ['@electric-sql/pglite', '@electric-sql/pglite-prepopulatedfs'];
/** Optional parts of a dependency that it does without. */
const OPTIONAL = ['pg-native'];
/** What modules read from beside the sources. */
const ASSETS = ['ddl/postgres', 'schemas/openapi', 'web/dist', 'lib/runtime/cli/coverage'];

export async function buildInto(folder: string): Promise<Metafile> {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir: folder,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    // One copy of what the entries share: an error class must be the same on both sides of the thread's door.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: [...LOCAL_ONLY, ...OPTIONAL],
    define: { COMPUTING_SOURCES_OF_THE_BUNDLE: JSON.stringify(computingSources()) },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // CommonJS dependencies call require for Node's own modules.
    banner: {
      js: "import { createRequire as aurumRequire } from 'node:module'; const require = aurumRequire(import.meta.url);",
    },
    plugins: [
      { name: 'places-of-modules', setup: keepPlaces },
      { name: 'names-of-exports', setup: keepNames },
    ],
  });
  await ensureDesk();
  for (const asset of ASSETS) cpSync(join(ROOT, asset), join(folder, asset), { recursive: true });
  return metafile;
}

/**
 * Modules find files from where they lie. In the bundle all lie in one folder: a module's directory is its old one below
 * that folder, where the assets are, and an entry is found by its name.
 */
function keepPlaces({ onLoad }: PluginBuild): void {
  onLoad({ filter: /\/(functions|lib|events|schemas)\/.*\.ts$/ }, ({ path }) => {
    const source = readFileSync(path, 'utf8');
    if (path.includes('/node_modules/') || !source.includes('import.meta')) return undefined;
    const folder = relative(ROOT, dirname(path));
    const contents = source
      .replaceAll('import.meta.dirname', `(import.meta.dirname + ${JSON.stringify(`/${folder}`)})`)
      .replaceAll(/new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g, (_, name: string) => {
        if (!ENTRIES.includes(join(folder, `${name}.ts`)))
          throw new Error(`${path}: ${name}.ts is no entry of the bundle`);
        return `new URL('./${name}.js', import.meta.url)`;
      });
    return { contents, loader: 'ts' };
  });
}

/**
 * `await import('ioredis')` gives the names of a CommonJS package under Node, and only `default` from a bundle: between the
 * two stands a module that exports each by name.
 */
function keepNames({ onResolve, onLoad }: PluginBuild): void {
  onResolve({ filter: /^@?[a-z]/ }, ({ kind, path, importer, resolveDir }) => {
    const isOurs = kind === 'dynamic-import' && !importer.includes('/node_modules/');
    if (!isOurs || LOCAL_ONLY.includes(path)) return undefined;
    return { namespace: 'named', path, pluginData: resolveDir };
  });
  onLoad({ filter: /.*/, namespace: 'named' }, async ({ path, pluginData: resolveDir }: OnLoadArgs) => {
    const names = Object.keys((await import(path)) as object).filter((name) =>
      /^[A-Za-z_$][\w$]*$/.test(name),
    );
    return { contents: `export { ${names.join(', ')} } from '${path}';`, resolveDir: resolveDir as string };
  });
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(ROOT, 'dist');
  const { outputs } = await buildInto(folder);
  const total_bytes = Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0);
  process.stderr.write(
    `built ${Object.keys(outputs).length} files, ${Math.round(total_bytes / 1_000)} kB, into ${folder}\n`,
  );
}
