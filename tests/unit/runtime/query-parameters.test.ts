import { expect, test } from 'vitest';
import type { z } from 'zod';
import { queryParameters } from '#lib/runtime/query-parameters.ts';
import { curveQuery, stripQuery } from '#schemas/curve-query.ts';
import { curveDiffQuery } from '#schemas/diff.ts';
import { dimensionsQuery } from '#schemas/dimensions.ts';
import { ingestQuery, quarantineListQuery, quarantineShowQuery } from '#schemas/ingest-query.ts';
import { instrumentQuery } from '#schemas/instruments.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import { qaQuery, releaseListQuery, releaseShowQuery } from '#schemas/releases.ts';

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

test.each([
  ['iso=%00', 'control character'],
  ['iso=PJM%0d%0aX', 'control character'],
  ['iso=%FF', 'UTF-8'],
  ['iso=%C3', 'UTF-8'],
  ['iso=%ED%A0%80', 'UTF-8'],
])('%s is no text and is refused by name', (query, reason) => {
  expect(() => ask(query)).toThrow(
    expect.objectContaining({
      code: 'parameter_invalid',
      message: expect.stringContaining(reason),
      place: { field: 'iso' },
    }),
  );
});

test('a path parameter is checked as a query parameter is', () => {
  const event = { rawQueryString: '', pathParameters: { version: 'x\u0000' } };
  expect(() => queryParameters(event, quarantineShowQuery)).toThrow(
    expect.objectContaining({ code: 'parameter_invalid', place: { field: 'version' } }),
  );
});

test('percent signs that encode nothing, plus signs and any script are text', () => {
  expect(ask('location=50%25&market=West+Hub&product=M%C3%BCnchen')).toMatchObject({
    location: '50%',
    market: 'West Hub',
    product: 'München',
  });
  expect(ask('location=100%').location).toBe('100%');
});

test('months in the wrong order are refused', () => {
  expect(() => ask('contract_from=2027-01&contract_to=2026-12')).toThrow(
    expect.objectContaining({
      code: 'parameter_invalid',
      message: '"contract_from" is not valid: it lies after contract_to',
      place: { field: 'contract_from' },
    }),
  );
  expect(ask('contract_from=2027-01&contract_to=2027-01').contract_from).toBe('2027-01-01');
});

test('the remedy is what the field says of itself', () => {
  expect(() => ask('asof=yesterday')).toThrow(
    expect.objectContaining({ remedy: expect.stringContaining('asof: As-of day, YYYY-MM-DD') }),
  );
  expect(() => queryParameters({ rawQueryString: 'tenor_type=MONTHLY' }, lineageQuery)).toThrow(
    expect.objectContaining({ code: 'parameter_missing', place: { field: 'curve_key' } }),
  );
});

const SCHEMAS = {
  curveQuery,
  stripQuery,
  ingestQuery,
  quarantineListQuery,
  quarantineShowQuery,
  curveDiffQuery,
  dimensionsQuery,
  lineageQuery,
  releaseListQuery,
  releaseShowQuery,
  qaQuery,
  instrumentQuery,
};

test.each(Object.entries(SCHEMAS))('every field of %s says what it is', (_, schema) => {
  const fields = Object.entries(schema.shape as Record<string, z.ZodType>);
  expect(fields.filter(([, field]) => !field.description).map(([name]) => name)).toEqual([]);
});
