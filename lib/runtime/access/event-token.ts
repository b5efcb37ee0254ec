/** The bearer token that senders of events carry: bucket notifications, brokers, hooks. */
import { timingSafeEqual } from 'node:crypto';
import { refusal } from '#lib/domain/errors.ts';

/** @param token what AURUM_EVENT_TOKEN says; without one every sender is heard. @throws AurumError `event_unauthorised` */
export function requireEventToken(authorization: string | undefined, token: string | undefined): void {
  if (token === undefined) return;
  const [given, wanted] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw refusal('event_unauthorised', 'the event has no valid token', {
    remedy: 'Set AURUM_EVENT_TOKEN at the sender.',
  });
}
