/** Redis as a cache: nothing on disk. */
import { exchange } from '../ask.ts';
import { debianPackage, onPath } from '../command.ts';
import { HOST, port, type Service } from '../service.ts';

const PORT = port(16379);

export const redis: Service = {
  name: 'redis',
  version: '7',
  ports: [PORT],
  settings: { AURUM_REDIS_URL: `redis://${HOST}:${PORT}` },
  prepare: async () => void (await debianPackage('redis-server', () => onPath('redis-server'))),
  daemon: (site) => ({
    argv: [
      'redis-server',
      ...['--port', String(PORT), '--bind', HOST, '--save', '', '--appendonly', 'no'],
      ...['--maxmemory', '128mb', '--maxmemory-policy', 'allkeys-lru', '--dir', site.data],
    ],
  }),
  query: async () => {
    const answer = await exchange(PORT, Buffer.from('PING\r\n'), (read) => read.includes('\r\n'));
    if (!answer.toString().startsWith('+PONG')) throw new Error(`Redis answers ${answer}`);
  },
};
