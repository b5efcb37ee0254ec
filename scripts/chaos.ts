/**
 * `npm run chaos [-- SCENARIO..] [--on local|stack] [--scale N]`: faults on purpose, with counted tries. Prints one table;
 * ends with 1 when anything was lost, doubled or wrong.
 */
import { parseArgs } from 'node:util';
import type { Outcome } from '#tests/chaos/scenario.ts';
import { SCENARIOS } from '#tests/chaos/scenarios.ts';
import { missingSettings, type Where } from '#tests/chaos/site.ts';

const HELP = `npm run chaos [-- SCENARIO..] [--on local|stack] [--scale N]

  SCENARIO   ${SCENARIOS.map(({ id }) => id.toLowerCase()).join(', ')}; none named means all
  --on       stack: the real services the AURUM_* settings name (default where they are set), local: this machine's stores
  --scale    1: the full numbers of the reliability table, 0.1: a tenth; left out: a bounded part that takes minutes
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { on: { type: 'string' }, scale: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});

function refuse(reason: string): never {
  process.stderr.write(`chaos: ${reason}\n\n${HELP}`);
  process.exit(2);
}

function whereOf(on: string | undefined): Where {
  const missing = missingSettings();
  if (on === undefined) return missing.length === 0 ? 'stack' : 'local';
  if (on !== 'stack' && on !== 'local') refuse(`--on ${on} is neither stack nor local`);
  if (on === 'stack' && missing.length > 0)
    refuse(`${missing.join(', ')} not set: run \`source <(node stack/stack.ts env)\` with \`set -a\` first`);
  return on;
}

function scaleOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const scale = Number(text);
  return scale > 0 && scale <= 10 ? scale : refuse(`--scale ${text} is no number above 0`);
}

const row = ({ id, what, tried, lost, doubled, wrong, took_s, note }: Outcome) =>
  `| ${id} | ${what} | ${tried} | ${lost} | ${doubled} | ${wrong} | ${took_s} s | ${note ?? ''} |`;

if (values.help === true) {
  process.stdout.write(HELP);
} else {
  const wanted = positionals.map((name) => name.toUpperCase().replace(/^R0+/, 'R'));
  const unknown = wanted.find((name) => !SCENARIOS.some(({ id }) => id === name));
  if (unknown !== undefined) refuse(`there is no scenario ${unknown}`);
  const on = whereOf(values.on);
  const scale = scaleOf(values.scale);
  const numbers = scale === undefined ? 'bounded numbers' : `numbers x ${scale}`;
  const chosen = SCENARIOS.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const outcomes: Outcome[] = [];
  for (const scenario of chosen) {
    const outcome = await scenario.run({ on, ...(scale === undefined ? {} : { scale }) });
    outcomes.push(outcome);
    process.stderr.write(`chaos: ${row(outcome)}\n`);
    for (const example of outcome.examples) process.stderr.write(`chaos:   ${example}\n`);
  }
  const head = `| | on ${on}, ${numbers} | tried | lost | doubled | wrong | took | note |\n|---|---|---|---|---|---|---|---|\n`;
  process.stdout.write(`${head}${outcomes.map(row).join('\n')}\n`);
  // Idle connections of the clients would keep the process for a while.
  process.exit(outcomes.some(({ lost, doubled, wrong }) => lost + doubled + wrong > 0) ? 1 : 0);
}
