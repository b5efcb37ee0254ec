/** An API that signs tokens for whoever asks is asked by this machine alone. */
import { expect, test } from 'vitest';
import { requireLocal } from '#lib/runtime/access/require-local.ts';

const from = (sourceIp: string | undefined, host?: string) => () =>
  requireLocal({
    headers: host === undefined ? {} : { host },
    ...(sourceIp === undefined ? {} : { requestContext: { http: { sourceIp } } }),
  });

test.each([
  ['127.0.0.1', 'localhost:3000'],
  ['127.0.0.1', undefined],
  ['::1', '[::1]:3000'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
])('%s, asking %s, is answered', (address, host) => {
  expect(from(address, host)).not.toThrow();
});

test.each([
  ['10.0.0.7', 'localhost:3000', 'an address elsewhere that says another name'],
  ['::ffff:10.0.0.7', '127.0.0.1:3000', 'the same in IPv6'],
  ['127.0.0.1', 'aurum.example.com', 'a page whose name was made to lead here'],
  ['127.0.0.1', 'localhost.example.com', 'a name that begins like ours'],
  ['12.7.0.1', 'localhost', 'an address that looks like a loopback'],
  [undefined, 'localhost', 'a host that does not say who asks'],
])('%s, asking %s, is refused: %s', (address, host, _why) => {
  expect(from(address, host)).toThrow(expect.objectContaining({ code: 'host_forbidden' }));
});
