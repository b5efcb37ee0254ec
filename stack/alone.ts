/** One run at a time on a stack folder: a lock file that names its owner, taken over when the owner is gone. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTicks } from './process.ts';
import { stackHome } from './service.ts';

export async function alone<T>(say: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const home = stackHome();
  const lock = join(home, 'lock');
  const mine = join(home, `lock.${process.pid}`);
  mkdirSync(home, { recursive: true });
  writeFileSync(mine, `${process.pid} ${startTicks(process.pid)}`);
  try {
    let told = false;
    while (!taken(mine, lock)) {
      const owner = readOwner(lock);
      if (owner === undefined || startTicks(owner.pid) !== owner.began) rmSync(lock, { force: true });
      else if (!told) say(`waiting for another run on this stack (pid ${owner.pid})`);
      told ||= owner !== undefined;
      await delay(200);
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A hard link is made whole or not at all: nobody reads a lock without its owner in it. */
function taken(mine: string, lock: string): boolean {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(lock: string): { pid: number; began: string } | undefined {
  try {
    const [pid, began] = readFileSync(lock, 'utf8').split(' ');
    return { pid: Number(pid), began: began ?? '' };
  } catch {
    return undefined; // released meanwhile
  }
}
