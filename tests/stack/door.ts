/** A door before a TCP service: closed, it ends all connections and takes none, as a service that is down. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Door {
  /** `host:port` of the door; the same after it was closed. */
  readonly address: string;
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function doorTo({ hostname, port }: { hostname: string; port: string }): Promise<Door> {
  const passing = new Set<Socket>();
  let server: Server | undefined;
  let door_port = 0;
  const open = async () => {
    server = createServer((client) => {
      const service = connect(Number(port), hostname);
      for (const [one, other] of [
        [client, service],
        [service, client],
      ] as const) {
        passing.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          passing.delete(one);
          other.destroy();
        });
      }
    }).listen(door_port, '127.0.0.1');
    await new Promise((resolve) => server!.once('listening', resolve));
    door_port = (server.address() as { port: number }).port;
  };
  await open();
  return {
    address: `127.0.0.1:${door_port}`,
    open,
    async close() {
      for (const socket of passing) socket.destroy();
      await new Promise((resolve) => server!.close(resolve));
    },
  };
}
