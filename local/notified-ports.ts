/**
 * The ports serverless-offline opens beside the API: one takes bucket notifications, one invocations as Lambda has them.
 * They are for programs on this machine. serverless-offline itself answers every page of every site that asks (it mirrors
 * any `Origin`) and offers the API's routes there too, so what is not for these ports never reaches it.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { isLocalHost } from '#lib/runtime/access/require-local.ts';
import { eventPath } from '#lib/runtime/triggers.ts';

export interface NotifiedPorts {
  readonly events_port: number;
  readonly lambda_port: number;
}

/** A path that no function has: answered 404. */
const NOTHING = '/nothing-here';

/** Holds for all servers of this process, also those that listen already. */
export function guardNotifiedPorts({ events_port, lambda_port }: NotifiedPorts): void {
  // Published before the server's own listeners hear of the request.
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    const { localPort } = request.socket;
    const isEvent = localPort === events_port;
    if (!isEvent && localPort !== lambda_port) return;
    if (isOfAProgram(request) && (!isEvent || request.url?.startsWith(eventPath('')) === true)) return;
    request.method = 'GET';
    request.url = NOTHING;
  });
}

/** Browsers say from which page they ask, and name the host they were told; programs say neither. */
const isOfAProgram = ({ headers }: IncomingMessage): boolean =>
  headers.origin === undefined &&
  headers['sec-fetch-site'] === undefined &&
  headers.host !== undefined &&
  isLocalHost(headers.host);
