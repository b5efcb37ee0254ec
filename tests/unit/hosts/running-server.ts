/** A function server on a free port, ended with the test. */
import { onTestFinished } from 'vitest';
import {
  type FunctionServer,
  type FunctionServerOptions,
  functionServer,
} from '#lib/runtime/hosts/server.ts';

export interface Running extends FunctionServer {
  readonly url: string;
  readonly port: number;
}

export async function running(options: FunctionServerOptions): Promise<Running> {
  const server = functionServer(options);
  const port = await server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.drain(0));
  return { ...server, port, url: `http://127.0.0.1:${port}` };
}

/** A promise with its end in hand. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
