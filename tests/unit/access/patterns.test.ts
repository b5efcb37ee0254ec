/**
 * Every regular expression of ours against long texts made to make it backtrack. One that takes time that grows with the
 * square of a text would let a cell or a parameter hold up everybody.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, Script } from 'node:vm';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDERS = ['schemas', 'lib', 'events', 'functions', 'local'];
const LENGTH = 50_000;
/** A linear one takes about 0.1 ms, a quadratic one a minute. */
const LIMIT_MS = 250;

/** Quadratic, and never shown what somebody sends: keys we made, settings, statements of our own files. */
const OUR_OWN_TEXT = new Set([
  String.raw`/(\d+)\.json$/`, // keys of hotfix branches
  String.raw`/\/+$/`, // addresses in settings
  String.raw`/^\s*--.*$/gm`, // files of SQL
  String.raw`/\s*[(\n]/`, // files of SQL
]);

interface Pattern {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

function patternsIn(file: string): Pattern[] {
  const found: Pattern[] = [];
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const { line } = source.getLineAndCharacterOfPosition(node.pos);
      const flags = node.text.slice(end + 1);
      found.push({ place: `${file}:${line + 1}`, source: node.text.slice(1, end), flags });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const patterns = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => patternsIn(join(folder, name))),
);

/** Long runs of what patterns repeat, alone, in turns and after what they begin with; each ends as none expects. */
function texts(source: string): string[] {
  const literals = source.match(/[A-Za-z]{2,}|[0-9]+/g) ?? [];
  const units = [
    'a',
    'A',
    '0',
    ' ',
    '\t',
    '-',
    '.',
    '!',
    '"',
    "'",
    '(',
    ',',
    ':',
    '/',
    '\n',
    '=',
    '&',
    '<',
    '\\',
    'a ',
    'a.',
    '0,',
    'a1',
    ' -',
    'é',
    '\r\n',
  ];
  const runs = [...units, ...literals.slice(0, 6)].map((unit) =>
    unit.repeat(Math.ceil(LENGTH / unit.length)),
  );
  return runs.flatMap((run) => [`${run}\u0000`, `a${run}\u0000`, `${literals[0] ?? '0'}${run}\u0000`]);
}

test(`no pattern of ours takes longer than ${LIMIT_MS} ms for ${LENGTH} characters`, () => {
  expect(patterns.length).toBeGreaterThan(150);
  const context = createContext({});
  const script = new Script('for (const text of texts) { pattern.lastIndex = 0; pattern.test(text); }');
  const within = (timeout: number) => {
    try {
      script.runInContext(context, { timeout });
      return true;
    } catch {
      return false;
    }
  };
  const slow: string[] = [];
  const unique = new Map(patterns.map((pattern) => [`/${pattern.source}/${pattern.flags}`, pattern]));
  for (const [written, { place, source, flags }] of unique) {
    const made = texts(source);
    context.pattern = new RegExp(source, flags);
    context.texts = made;
    // A pause of the machine is not the pattern's: what is slow is slow again, and by much.
    if (OUR_OWN_TEXT.has(written)) continue;
    if (!within(LIMIT_MS) && !within(LIMIT_MS * 6)) slow.push(`${place} ${written}`);
  }
  process.stderr.write(`patterns: ${unique.size} of ${patterns.length} tried, ${slow.length} slow\n`);
  expect(slow).toEqual([]);
}, 60_000);
