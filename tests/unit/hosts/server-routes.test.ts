import { expect, test } from 'vitest';
import { routeTable } from '#lib/runtime/hosts/server-routes.ts';

const find = routeTable([
  { method: 'GET', path: '/v1/curves', answer: 'curves' },
  { method: 'GET', path: '/v1/curves/strips', answer: 'strips' },
  { method: 'GET', path: '/v1/curves/{key}', answer: 'one curve' },
  { method: 'POST', path: '/v1/curves/{key}', answer: 'change' },
  { method: 'GET', path: '/v1/a.b/{x}/c/{y}', answer: 'two' },
]);
const answer = (method: string, path: string) => {
  const found = find(method, path);
  return 'allowed' in found ? `only ${found.allowed}` : [found.route.answer, found.parameters];
};

test('a path by name comes before one with parameters', () => {
  expect(answer('GET', '/v1/curves/strips')).toEqual(['strips', {}]);
  expect(answer('GET', '/v1/curves/abc')).toEqual(['one curve', { key: 'abc' }]);
});

test('parameters are decoded and never span a slash', () => {
  expect(answer('GET', '/v1/a.b/%C3%A9/c/p%2Fq')).toEqual(['two', { x: 'é', y: 'p/q' }]);
  expect(() => answer('GET', '/v1/a.b/x/y/c/z')).toThrow(
    expect.objectContaining({ code: 'route_not_found' }),
  );
  expect(() => answer('GET', '/v1/aXb/x/c/y')).toThrow(expect.objectContaining({ code: 'route_not_found' }));
});

test('HEAD is answered as GET, another method by what is allowed', () => {
  expect(answer('HEAD', '/v1/curves')).toEqual(['curves', {}]);
  expect(answer('DELETE', '/v1/curves/abc')).toBe('only GET, HEAD, POST');
  expect(answer('POST', '/v1/curves/strips')).toBe('only GET, HEAD');
});

test('a path that cannot be decoded is refused', () => {
  expect(() => answer('GET', '/v1/curves/%ZZ')).toThrow(expect.objectContaining({ code: 'path_invalid' }));
});

test('a template without its parameter is no path', () => {
  expect(answer('GET', '/v1/curves/{key}')).toEqual(['one curve', { key: '{key}' }]);
});
