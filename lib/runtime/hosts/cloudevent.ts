/**
 * The event in a POST: a CloudEvent in binary mode (`ce-*` headers), in structured mode (`application/cloudevents+json`),
 * or no CloudEvent at all (a bucket's webhook). Data is JSON in each: a KafkaSource names no content type, so it is never
 * asked for. Knows nothing of what the data means.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import {
  type CloudEventAttributes,
  cloudEventAttributes,
  structuredCloudEvent,
} from '#events/cloud-event.ts';
import { refusal } from '#lib/domain/errors.ts';

export interface IncomingEvent {
  /** Absent when the sender is a plain webhook. */
  readonly attributes: CloudEventAttributes | undefined;
  /** `undefined` when the event has none. */
  readonly data: unknown;
}

/** @throws AurumError `event_invalid` naming the attribute, when this is no event. */
export function incomingEvent(headers: IncomingHttpHeaders, body: Uint8Array): IncomingEvent {
  const contentType = headers['content-type'] ?? '';
  if (contentType.startsWith('application/cloudevents-batch'))
    throw invalid('it is a batch', 'Send one event a request.');
  if (contentType.startsWith('application/cloudevents')) return structured(body);
  if (headers['ce-specversion'] !== undefined) return binary(headers, body);
  return { attributes: undefined, data: json(body) };
}

function binary(headers: IncomingHttpHeaders, body: Uint8Array): IncomingEvent {
  const given = Object.keys(cloudEventAttributes.shape).map((name) => [name, attribute(headers, name)]);
  return { attributes: checked(cloudEventAttributes, Object.fromEntries(given)), data: json(body) };
}

/** Header values are percent-encoded UTF-8. */
function attribute(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[`ce-${name}`];
  if (typeof value !== 'string' || !value.includes('%')) return value as string | undefined;
  try {
    return decodeURIComponent(value);
  } catch (error) {
    throw invalid(`${name} is not percent-encoded`, undefined, error);
  }
}

function structured(body: Uint8Array): IncomingEvent {
  const { data, data_base64, ...attributes } = checked(structuredCloudEvent, json(body));
  if (data_base64 !== undefined) return { attributes, data: json(Buffer.from(data_base64, 'base64')) };
  return { attributes, data: typeof data === 'string' ? json(Buffer.from(data)) : data };
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw invalid(`${issue.path.join('.') || 'the envelope'}: ${issue.message}`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function json(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw invalid('its data is not JSON in UTF-8', undefined, error);
  }
}

function invalid(
  reason: string,
  remedy = 'Send a CloudEvent 1.0 or a bucket notification with JSON data.',
  cause?: unknown,
) {
  return refusal('event_invalid', `the request is no event: ${reason}`, { remedy, cause });
}
