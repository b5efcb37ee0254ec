import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AurumError } from '#lib/domain/errors.ts';
import { incomingEvent } from '#lib/runtime/hosts/cloudevent.ts';

const attributes = {
  specversion: '1.0',
  id: 'partition:0/offset:7',
  source: '/kafka#storage',
  type: 'dev.knative.kafka.event',
};
const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const structured = (event: object) => incomingEvent(STRUCTURED, bytes(event));
const refused = (reason: RegExp) =>
  expect.objectContaining({ code: 'event_invalid', message: expect.stringMatching(reason) });

test('one value comes out of every form it can be sent in', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (sent) => {
      const value = JSON.parse(JSON.stringify(sent)) as unknown; // -0 has no JSON
      expect(incomingEvent({}, bytes(value))).toEqual({ attributes: undefined, data: value });
      expect(incomingEvent(headers, bytes(value))).toEqual({ attributes, data: value });
      expect(structured({ ...attributes, data_base64: bytes(value).toString('base64') })).toEqual({
        attributes,
        data: value,
      });
      expect(structured({ ...attributes, data: JSON.stringify(value) }).data).toEqual(value);
      if (typeof value !== 'string')
        expect(structured({ ...attributes, data: value })).toEqual({ attributes, data: value });
    }),
  );
});

test('whatever arrives, the answer is an event or a refusal', () => {
  const type = fc.constantFrom(
    'application/cloudevents+json',
    'application/json',
    'application/cloudevents-batch+json',
    'text/plain',
    '',
  );
  const header = fc.oneof(fc.string(), fc.constantFrom('1.0', '%', '%C3', 'a%20b'));
  const body = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => Buffer.from(text)),
    fc.object().map(bytes),
  );
  fc.assert(
    fc.property(
      type,
      fc.dictionary(fc.constantFrom('ce-specversion', 'ce-id', 'ce-source', 'ce-type'), header),
      body,
      (contentType, given, sent) => {
        try {
          incomingEvent({ 'content-type': contentType, ...given }, sent);
        } catch (error) {
          expect(error).toBeInstanceOf(AurumError);
          expect(error).toMatchObject({ code: 'event_invalid', kind: 'refused' });
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('header values are percent-decoded', () => {
  expect(incomingEvent({ ...headers, 'ce-id': 'EOD%20PW%2B%C3%A9' }, Buffer.from('{}')).attributes?.id).toBe(
    'EOD PW+é',
  );
});

test('an event without a body has no data', () => {
  expect(incomingEvent(headers, Buffer.alloc(0)).data).toBeUndefined();
});

test.each([
  [
    'a missing attribute',
    () => incomingEvent({ 'ce-specversion': '1.0', 'ce-id': '1', 'ce-type': 't' }, Buffer.from('{}')),
    /source/,
  ],
  ['another version', () => structured({ ...attributes, specversion: '0.3' }), /specversion/],
  ['data twice', () => structured({ ...attributes, data: {}, data_base64: 'e30=' }), /data_base64/],
  ['base64 that is none', () => structured({ ...attributes, data_base64: '*' }), /data_base64/],
  [
    'a batch',
    () => incomingEvent({ 'content-type': 'application/cloudevents-batch+json' }, Buffer.from('[]')),
    /batch/,
  ],
  ['bytes that are no UTF-8', () => incomingEvent(headers, Buffer.from([0x22, 0xff, 0x22])), /UTF-8/],
  [
    'a broken header',
    () => incomingEvent({ ...headers, 'ce-id': '%E0%A4%A' }, Buffer.from('{}')),
    /id is not percent-encoded/,
  ],
  ['an envelope that is a list', () => incomingEvent(STRUCTURED, Buffer.from('[]')), /the envelope/],
])('%s is refused by name', (_, parse, reason) => {
  expect(parse).toThrow(refused(reason));
});
