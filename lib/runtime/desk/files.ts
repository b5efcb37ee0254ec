/** The desk's files as the build left them in `web/dist`, each with its compressed forms. Knows nothing of their content. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { busy, refusal } from '#lib/domain/errors.ts';
import type { RawAnswer } from '#lib/runtime/triggers.ts';

const DIST = join(import.meta.dirname, '../../../web/dist');
const COVERAGE = join(import.meta.dirname, '../cli/coverage/template.html');

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** The name holds a hash of the content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

const assets = new Map<string, RawAnswer>();

/** @throws AurumError `desk_not_built`. */
export function deskPage(): RawAnswer {
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': pagePolicy(),
    },
    ...readForms('index.html'),
  };
}

/** @throws AurumError `asset_not_found`. */
export function deskAsset(file: string): RawAnswer {
  const kept = assets.get(file);
  if (kept !== undefined) return kept;
  const type = TYPES[extname(file)];
  if (type === undefined) throw notFound(file);
  const headers = { 'content-type': type, 'cache-control': IMMUTABLE };
  const answer = { headers, ...readForms(`desk/${file}`, () => notFound(file)) };
  assets.set(file, answer);
  return answer;
}

const notFound = (file: string) =>
  refusal('asset_not_found', `the desk has no file ${file}`, { remedy: 'Load the page again.' });

const notBuilt = () =>
  busy('desk_not_built', 'the desk is not built', {
    remedy: 'Run `npm run build:web`, or start with `npm start`.',
  });

function readForms(name: string, absent = notBuilt): Pick<RawAnswer, 'body' | 'compressed'> {
  const path = join(DIST, name);
  try {
    const compressed = { br: readFileSync(`${path}.br`), gzip: readFileSync(`${path}.gz`) };
    return { body: readFileSync(path), compressed };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw absent();
    throw cause;
  }
}

let policy: string | undefined;

/**
 * Own files only. A coverage map in its frame falls under the policy of the page around it, so its one script and its one
 * style are allowed by their hashes.
 */
function pagePolicy(): string {
  if (policy !== undefined) return policy;
  const template = readFileSync(COVERAGE, 'utf8');
  const sources = (element: string) =>
    [...template.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'))]
      .map(([, text]) => `'sha256-${hash('sha256', text!, 'base64')}'`)
      .join(' ');
  policy = [
    "default-src 'none'",
    `script-src 'self' ${sources('script')}`,
    `style-src 'self' ${sources('style')}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return policy;
}
