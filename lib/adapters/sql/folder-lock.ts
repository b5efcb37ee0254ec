/**
 * One process at a time in a folder whose engine has no lock of its own (two PGlites corrupt each other's files silently).
 * A lock names its process; one left behind by a process that is gone is taken over.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { busy } from '#lib/domain/errors.ts';

/**
 * @param refused what to throw while another holder lives, who is named.
 * @returns what releases it. @throws AurumError `database_in_use`, or what `refused` makes.
 */
export function lockFolder(dir: string, refused = (who: string): Error => inUse(dir, who)): () => void {
  const path = `${dir}.lock`;
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  const holder = read(path);
  if (holder !== undefined) {
    if (alive(holder)) throw refused(nameOf(holder));
    if (read(path) === holder) rmSync(path, { force: true });
  }
  try {
    writeFileSync(path, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw refused(nameOf(read(path) ?? ''));
    throw error;
  }
  return () => rmSync(path, { force: true });
}

function alive(holder: string): boolean {
  const [pid, started] = holder.trim().split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // After a restart of the machine or the container the number may be another process's.
  return startOf(Number(pid)) === (started ?? '');
}

/** When a process began, in ticks since boot; empty where the system does not say. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold blanks.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // Nobody holds it, or the system has no /proc.
  }
}

const nameOf = (holder: string) => (holder === '' ? 'another process' : `process ${holder.split(' ')[0]}`);

function inUse(dir: string, who: string): Error {
  return busy('database_in_use', `The operational database in ${dir} is used by ${who}.`, {
    remedy: 'Stop it, or ask it over HTTP: one process at a time opens the database.',
  });
}
