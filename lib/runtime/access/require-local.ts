/** Who may ask an API that has no identity provider: nobody but this machine. */
import { refusal } from '#lib/domain/errors.ts';
import type { HttpEvent } from '#lib/runtime/http-event.ts';

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
/** Whether a `Host` header names this machine by its own name. */
export const isLocalHost = (host: string): boolean => LOCAL_HOST.test(host);

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/**
 * A machine that signs tokens for whoever asks is asked from itself alone and by its own name: the address keeps out who
 * is elsewhere, the name a page elsewhere that resolves its own name to this machine.
 */
export function requireLocal({ headers = {}, requestContext }: HttpEvent): void {
  const address = requestContext?.http?.sourceIp;
  const isNear = address !== undefined && LOOPBACK.test(address);
  if (isNear && isLocalHost(headers.host ?? headers.Host ?? 'localhost')) return;
  throw refusal('host_forbidden', 'while AURUM_AUTH is development, only this machine itself is answered', {
    field: 'host',
    remedy: 'Set AURUM_OIDC_ISSUER for an API that is reached by others.',
  });
}
