/** `node stack/stack.ts up|down|status|env|logs [service..]`: the real services on this machine, without Docker. */
import { parseArgs } from 'node:util';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { lastLines, logFile, runningAt } from './process.ts';
import { siteOf, stackHome } from './service.ts';
import { closure, named, SERVICES, settingsOf } from './services.ts';
import { statusOf, table } from './status.ts';
import { down, up } from './up.ts';

const HELP = `node stack/stack.ts COMMAND [SERVICE..]

  up [--fresh]   install what is missing, start, wait until healthy; --fresh wipes the data first
  down           stop
  status         state, port, pid, memory and data folder of each service
  env            the AURUM_* settings of the services that run: source <(node stack/stack.ts env)
  logs           the last 50 lines of each log

Services: ${SERVICES.map(({ name }) => name).join(', ')}; none named means all. \`up\` adds what the named ones need.
Software, data and logs: ${stackHome()} (AURUM_STACK_HOME). AURUM_STACK_PORT_SHIFT=N adds N to each port.
AURUM_EVENT_WEBHOOK=URL makes MinIO notify that address as well, with AURUM_EVENT_TOKEN as bearer token.
`;

const say = (line: string) => void process.stderr.write(`stack: ${line}\n`);
const print = (text: string) => void process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, ...names] = positionals;
  if (values.help) return print(HELP);
  if (process.platform !== 'linux') {
    throw refusal('linux_only', 'The stack runs on Linux.', {
      remedy: 'Use: docker compose -f stack/compose.yaml up',
    });
  }
  const chosen = names.length === 0 ? SERVICES : names.map(named);
  if (command === 'up') return bringUp(names, values.fresh);
  if (command === 'down') return down(chosen, say);
  if (command === 'status') return print(table(await statusOf(chosen)));
  if (command === 'env') return printSettings();
  if (command === 'logs') return printLogs();
  throw refusal('command_unknown', `There is no command ${command ?? '(none given)'}.`, {
    remedy: 'See --help.',
  });

  function printSettings() {
    const running = chosen.filter((service) => runningAt(siteOf(service)));
    for (const [name, value] of Object.entries(settingsOf(running))) print(`${name}=${value}`);
  }
  function printLogs() {
    for (const site of chosen.map((service) => siteOf(service)))
      print(`== ${logFile(site)}\n${lastLines(site, 50)}`);
  }
}

async function bringUp(names: readonly string[], fresh: boolean): Promise<void> {
  const start_ms = Date.now();
  await up(closure(names), say, fresh);
  say(`up in ${((Date.now() - start_ms) / 1000).toFixed(1)} s; settings: node stack/stack.ts env`);
}

try {
  await main();
} catch (error) {
  const known =
    error instanceof AurumError
      ? errorLine(error.detail())
      : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`stack: ${known}\n`);
  process.exitCode = error instanceof AurumError && error.kind === 'refused' ? 2 : 1;
}
