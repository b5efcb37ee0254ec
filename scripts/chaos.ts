/**
 * `npm run chaos [-- SCENARIO..] [--subset] [--on local|stack]`: faults on purpose, with counted tries, on this machine's
 * stores and on the real services, which it starts where no settings name them. Prints one table; ends with 1 when anything
 * was lost, doubled or wrong.
 */
import { parseArgs } from 'node:util';
import type { ChaosOptions, Outcome } from '#tests/chaos/scenario.ts';
import { SCENARIOS } from '#tests/chaos/scenarios.ts';
import { closure, settingsOf } from '../stack/services.ts';
import { down, up } from '../stack/up.ts';

type Where = ChaosOptions['on'];

const HELP = `npm run chaos [-- SCENARIO..] [--subset] [--on local|stack] [--scale N]

  SCENARIO   ${Object.keys(SCENARIOS).join(', ')}: rows of the reliability table; none named means all
  --subset   reduced numbers, stated in the table, that take minutes; without it the full ones, which take hours
  --scale    times the full numbers, 0.1: a tenth
  --on       local: this machine's stores; stack: the real services that the AURUM_* settings name, or else the project's
             own, started for it and left running (not with CI=true); without it both
`;

/** What the scenarios need of the stack; R5 starts services of its own besides. */
const SERVICES = ['minio', 'kafka', 'registry', 'nessie', 'postgres', 'trino'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    on: { type: 'string' },
    scale: { type: 'string' },
    subset: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});

function refuse(reason: string): never {
  process.stderr.write(`chaos: ${reason}\n\n${HELP}`);
  process.exit(2);
}

function placesOf(on: string | undefined): readonly Where[] {
  if (on === undefined) return ['local', 'stack'];
  return on === 'stack' || on === 'local' ? [on] : refuse(`--on ${on} is neither stack nor local`);
}

function scaleOf(text: string | undefined): ChaosOptions['scale'] {
  if (values.subset) return text === undefined ? 'subset' : refuse('both --subset and --scale');
  const scale = Number(text ?? 1);
  return scale > 0 && scale <= 10 ? scale : refuse(`--scale ${text} is no number above 0`);
}

function chosen(): readonly string[] {
  const wanted = positionals.map((name) => name.toUpperCase().replace(/^R0+(?=\d)/, 'R'));
  const unknown = wanted.find((name) => SCENARIOS[name] === undefined);
  if (unknown !== undefined) refuse(`there is no scenario ${unknown}`);
  return wanted.length === 0 ? Object.keys(SCENARIOS) : wanted;
}

const say = (line: string) => void process.stderr.write(`stack: ${line}\n`);

/**
 * Brings the services up where the environment names none; the modules of the scenarios read it when they are loaded.
 * @returns what to do at the end: they are left running, except where CI=true.
 */
async function servicesThere(): Promise<() => Promise<void>> {
  const services = closure(SERVICES);
  const named = Object.keys(settingsOf(services)).some((name) => (process.env[name] ?? '') !== '');
  if (named) return async () => undefined;
  await up(services, say);
  Object.assign(process.env, settingsOf(services));
  return process.env.CI === 'true' ? () => down(services, say) : async () => undefined;
}

const verdictOf = ({ lost, doubled, wrong }: Outcome) => (lost + doubled + wrong === 0 ? 'holds' : 'FAILS');

const row = (outcome: Outcome) => {
  const { id, what, on, tried, lost, doubled, wrong, took_s, note = '' } = outcome;
  return `| ${[id, what, on, tried, lost, doubled, wrong, verdictOf(outcome), took_s, note].join(' | ')} |`;
};

function table(outcomes: readonly Outcome[]): string {
  const head = ['', 'scenario', 'on', 'tried', 'lost', 'doubled', 'wrong', 'verdict', 'seconds', 'note'];
  const rule = head.map(() => '---');
  return [`| ${head.join(' | ')} |`, `| ${rule.join(' | ')} |`, ...outcomes.map(row)].join('\n');
}

if (values.help === true) {
  process.stdout.write(HELP);
} else {
  const names = chosen();
  const places = placesOf(values.on);
  const scale = scaleOf(values.scale);
  const leave = places.includes('stack') ? await servicesThere() : undefined;
  const outcomes: Outcome[] = [];
  for (const on of places) {
    for (const name of names) {
      const outcome = await (await SCENARIOS[name]!()).run({ on, scale });
      outcomes.push(outcome);
      process.stderr.write(`chaos: ${row(outcome)}\n`);
      for (const example of outcome.examples) process.stderr.write(`chaos:   ${example}\n`);
    }
  }
  const failed = outcomes.filter((outcome) => verdictOf(outcome) === 'FAILS').length;
  process.stdout.write(`${table(outcomes)}\n\n${outcomes.length - failed} hold, ${failed} fail\n`);
  await leave?.();
  // Idle connections of the clients would keep the process for a while.
  process.exit(failed > 0 ? 1 : 0);
}
