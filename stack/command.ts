/** Programs run to their end, accounts and JDKs found; an absent program is named with the remedy. Knows no service. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { refusal } from '#lib/domain/errors.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly account?: string | undefined;
  readonly timeout_ms?: number;
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** @returns stdout. @throws with the end of what the program said. */
export function run(
  program: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { cwd = '/', environment, account, timeout_ms = 1_800_000 } = options;
  const settings = {
    ...(account === undefined ? {} : accountIds(account)),
    cwd,
    timeout: timeout_ms,
    maxBuffer: 2 ** 26,
    env: { ...process.env, ...environment },
  };
  return new Promise((answer, fail) => {
    execFile(program, parameters, settings, (error, stdout, stderr) => {
      if (!error) return answer(stdout);
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-12).join('\n');
      fail(
        refusal('command_failed', `${program} ${parameters.join(' ')}: ${said || error.message}`, {
          cause: error,
        }),
      );
    });
  });
}

export const onPath = (program: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));

export function need(program: string, remedy: string): string {
  const path = onPath(program);
  if (path === undefined) throw refusal('program_missing', `${program} is not on the PATH.`, { remedy });
  return path;
}

/** The ids to start a program with; undefined when we are not root and so already an ordinary account. */
export function accountIds(account: string): { uid: number; gid: number } | undefined {
  if (!isRoot()) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, account], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Installs Debian packages when `present` finds nothing; only root can. */
export async function debianPackage(name: string, present: () => string | undefined): Promise<string> {
  const found = present();
  if (found !== undefined) return found;
  const command = `apt-get install -y --no-install-recommends ${name}`;
  if (!isRoot() || onPath('apt-get') === undefined) {
    throw refusal('package_missing', `The package ${name} is not installed.`, {
      remedy: `Run: sudo ${command}`,
    });
  }
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { environment });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { environment });
  const installed = present();
  if (installed === undefined)
    throw refusal('package_missing', `${name} was installed but its program is not there.`);
  return installed;
}

/** The newest JDK under /usr/lib/jvm, or JAVA_HOME, that is at least `version`. @returns its home folder */
export function jdk(version: number): string {
  const folder = '/usr/lib/jvm';
  const installed = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const homes = [...(process.env.JAVA_HOME ? [process.env.JAVA_HOME] : []), ...installed].filter((home) =>
    existsSync(join(home, 'bin', 'java')),
  );
  const fitting = homes
    .map((home) => ({ home, major: javaMajor(home) }))
    .filter(({ major }) => major >= version);
  const smallest = fitting.sort((a, b) => a.major - b.major)[0];
  if (smallest) return smallest.home;
  throw refusal('jdk_missing', `No JDK ${version} or newer in ${folder}.`, {
    remedy: `Install one (Eclipse Temurin: package temurin-25-jdk) or set JAVA_HOME.`,
  });
}

/** From the JDK's own `release` file: asking `java -version` would cost a start of a JVM. */
function javaMajor(home: string): number {
  const path = join(home, 'release');
  const release = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return Number(/JAVA_VERSION="(?:1\.)?(\d+)/.exec(release)?.[1] ?? 0);
}
