/**
 * Before the stack's tests: brings the real services up and hands their settings to the tests' processes as `AURUM_*`.
 * AURUM_STACK=0 leaves all to the caller (tests then run against what the environment names, or skip);
 * AURUM_STACK=kafka,postgres brings up only those. Left running for the next run, except where CI=true.
 */
import { stackHome } from '../../stack/service.ts';
import { closure, settingsOf } from '../../stack/services.ts';
import { down, up } from '../../stack/up.ts';

const say = (line: string) => void process.stderr.write(`stack: ${line}\n`);

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const { AURUM_STACK: wanted = '', CI } = process.env;
  if (wanted === '0') return undefined;
  const services = closure(wanted.split(',').filter(Boolean));
  await up(services, say);
  Object.assign(process.env, settingsOf(services));
  say(`${services.length} services run in ${stackHome()}`);
  return CI === 'true' ? () => down(services, say) : undefined;
}
