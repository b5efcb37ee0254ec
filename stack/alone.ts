/**
 * One run at a time on a stack folder. The lock is a name in Linux's abstract socket space: the kernel frees it when its
 * owner ends in whatever way, so there is no lock file that a killed run leaves behind.
 */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { stackHome } from './service.ts';

export async function alone<T>(say: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const name = `\0aurum-stack-${createHash('sha256').update(stackHome()).digest('hex').slice(0, 16)}`;
  let lock = await take(name);
  if (!lock) say('waiting for another run on this stack');
  while (!lock) {
    await delay(200);
    lock = await take(name);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

const take = (name: string): Promise<Server | undefined> =>
  new Promise((answer, fail) => {
    const server = createServer();
    server.once('listening', () => answer(server));
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? answer(undefined) : fail(error),
    );
    server.listen(name);
  });
