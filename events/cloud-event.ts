/**
 * A CloudEvents 1.0 envelope: the attributes that are read, and the structured JSON form. Extensions pass unread; the
 * data is whatever the source sent and is checked by the shape of that source.
 */
import { z } from 'zod';

export const cloudEventAttributes = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
});

export type CloudEventAttributes = z.infer<typeof cloudEventAttributes>;

/** Structured mode: attributes and data in one JSON object, bytes as base64. */
export const structuredCloudEvent = cloudEventAttributes
  .extend({ data: z.unknown().optional(), data_base64: z.base64().optional() })
  .refine(({ data, data_base64 }) => data === undefined || data_base64 === undefined, {
    path: ['data_base64'],
    message: 'an event carries data or data_base64, not both',
  });
