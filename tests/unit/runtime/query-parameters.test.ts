import { expect, test } from 'vitest';
import { queryParameters } from '#lib/runtime/query-parameters.ts';
import { curveQuery } from '#schemas/curve-query.ts';

const ask = (rawQueryString: string) => queryParameters({ rawQueryString }, curveQuery);

test('months take both forms and prices are a list', () => {
  expect(ask('contract_from=2026-01&contract_to=2026-12-01&prices=bid,ask')).toMatchObject({
    contract_from: '2026-01-01',
    contract_to: '2026-12-01',
    prices: ['bid', 'ask'],
  });
});

test('an instant with an offset becomes UTC', () => {
  expect(ask('as_known_at=2025-09-12T23:30:00%2B02:00').as_known_at).toBe('2025-09-12T21:30:00.000Z');
});

test.each([
  ['asof=2025-02-30', 'asof'],
  ['asof=yesterday', 'asof'],
  ['contract_from=2026-13', 'contract_from'],
  ['limit=0', 'limit'],
  ['limit=10001', 'limit'],
  ['tenor_type=WEEKLY', 'tenor_type'],
  ['prices=close', 'prices'],
  ['curve_key=abc', 'curve_key'],
  ['iso=', 'iso'],
])('%s is refused by the name of its field', (query, field) => {
  expect(() => ask(query)).toThrow(
    expect.objectContaining({
      code: 'parameter_invalid',
      place: expect.objectContaining({ field: expect.stringContaining(field) }),
    }),
  );
});

test('an unknown parameter is refused and the known ones are named', () => {
  expect(() => ask('iso=PJM&hub=West')).toThrow(
    expect.objectContaining({
      code: 'parameter_unknown',
      place: { field: 'hub' },
      remedy: expect.stringContaining('market'),
    }),
  );
});

test('a repeated parameter is refused', () => {
  expect(() => ask('iso=PJM&iso=MISO')).toThrow(
    expect.objectContaining({ code: 'parameter_repeated', place: { field: 'iso' } }),
  );
});
