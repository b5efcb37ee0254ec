/**
 * `npm run bench [-- NAME..] [--write]`: runs the programs of `tests/bench/`, each in a process of its own, and prints one
 * table; `--write` puts it into docs/bench.md, where programs that were not run keep their rows. Those that start services
 * run when they are named. Each program prints JSON lines {name, value, unit, note?}; a line whose
 * `ratio_to` names an earlier line of the same program is also shown as a ratio, which is what carries over to other machines.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const figure = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  ratio_to: z.string().optional(),
  note: z.string().optional(),
});
type Figure = z.infer<typeof figure>;

const FOLDER = 'tests/bench';
const REPORT = 'docs/bench.md';
const WITH_SERVICES = ['stack'];

function run(program: string): Figure[] {
  process.stderr.write(`bench: ${program}\n`);
  const child = spawnSync(process.execPath, ['--expose-gc', `${FOLDER}/${program}.ts`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${program} ended with ${child.status ?? child.signal}`);
  return child.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => figure.parse(JSON.parse(line)));
}

function rows(program: string, figures: readonly Figure[]): string[] {
  const values = new Map(figures.map(({ name, value }) => [name, value]));
  return figures.map(({ name, value, unit, ratio_to, note }) => {
    const base = ratio_to === undefined ? undefined : values.get(ratio_to);
    const ratio = base === undefined ? '' : `${(value / base).toPrecision(2)} x ${ratio_to}`;
    return `| ${program} | ${name} | ${Number(value.toPrecision(3))} ${unit} | ${ratio} | ${note ?? ''} |`;
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const programs = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
const isChosen = (program: string) =>
  positionals.length === 0 ? !WITH_SERVICES.includes(program) : positionals.includes(program);
const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
const kept = values.write ? readFileSync(REPORT, 'utf8').split('\n') : [];
const table = [
  '| bench | what | figure | ratio | note |',
  '|---|---|---|---|---|',
  ...programs.flatMap((program) =>
    isChosen(program)
      ? rows(program, run(program))
      : kept.filter((line) => line.startsWith(`| ${program} |`)),
  ),
].join('\n');
const text = `# Figures\n\nMade by \`npm run bench -- --write\` on ${machine}. Machines differ and are shared: read the ratios.\n\n${table}\n`;
process.stdout.write(text);
if (values.write) writeFileSync(REPORT, text);
