/**
 * What calls a function. Each function file states its trigger; `serverless.yml`, the deployment files, the local wiring
 * and the OpenAPI are generated from these statements.
 */
import type { z } from 'zod';
import type { Permission } from '#lib/domain/access.ts';

export type Trigger = ObjectCreatedTrigger | ScheduleTrigger | TopicTrigger | HttpTrigger;

export interface ObjectCreatedTrigger {
  readonly kind: 'object-created';
  readonly prefix: string;
  readonly suffix?: string;
}

export interface ScheduleTrigger {
  readonly kind: 'schedule';
  readonly rate: string;
}

/** Records of a topic of the event bus, each delivered at least once to the function's own consumer group. */
export interface TopicTrigger {
  readonly kind: 'topic';
  readonly topic: string;
}

export interface HttpTrigger {
  readonly kind: 'http';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The body is a file, and is read no sooner than its sender is known. */
  readonly takes?: 'bytes';
}

/** What a route takes, gives and asks of its caller; the OpenAPI says the same. */
export interface RouteContract<Query, Body, Answer> {
  /** One line. */
  readonly summary: string;
  /** `events`: for services that carry AURUM_EVENT_TOKEN. */
  readonly permission: Permission | 'public' | 'events';
  /** Query and path parameters together, a strict object. */
  readonly query: z.ZodType<Query>;
  /** Of a POST: what the JSON body is, or with `bytes` what the file is. */
  readonly body?: z.ZodType<Body>;
  /** Bodies that may be sent as they are, by name. */
  readonly examples?: Readonly<Record<string, BodyExample>>;
  /** Of a POST whose body is a file: how it may come. The flow gets it as it is. */
  readonly bytes?: BytesContract;
  /** The whole JSON answer. */
  readonly answer?: z.ZodType<Answer>;
  /** Media type, where the answer is not JSON: the flow returns a `RawAnswer`. */
  readonly raw?: string;
  /** One row of `data`, where the answer is `{meta, data: rows}` and may be had in every format. */
  readonly rows?: z.ZodType;
  /** Default 200. */
  readonly status?: 200 | 201 | 202;
  /** `curves`: the answer is a function of what is released, and may be cached by the version of it. */
  readonly of?: 'curves';
}

export interface BodyExample {
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  readonly value: object;
}

export interface BytesContract {
  /** Media types it may be called. */
  readonly types: readonly string[];
  readonly limit_bytes: number;
}

/** Bytes as they are to be sent. */
export interface RawAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** The same, compressed beforehand. */
  readonly compressed?: { readonly br: Uint8Array; readonly gzip: Uint8Array };
}

export interface RouteTrigger<Query = unknown, Body = unknown, Answer = unknown> extends HttpTrigger {
  readonly contract: RouteContract<Query, Body, Answer>;
}

/** A bucket notification for objects created under a prefix. */
export const objectCreated = (prefix: string, suffix?: string): ObjectCreatedTrigger => ({
  kind: 'object-created',
  prefix,
  ...(suffix === undefined ? {} : { suffix }),
});

/** `rate(1 minute)`, `rate(5 minutes)`. */
export const every = (rate: string): ScheduleTrigger => ({ kind: 'schedule', rate: `rate(${rate})` });

export const onTopic = (topic: string): TopicTrigger => ({ kind: 'topic', topic });

/** A route of the API; path parameters as `{name}`. */
export const http = <Query, Body, Answer>(
  method: 'GET' | 'POST',
  path: string,
  contract: RouteContract<Query, Body, Answer>,
): RouteTrigger<Query, Body, Answer> => ({
  kind: 'http',
  method,
  path,
  ...(contract.bytes === undefined ? {} : { takes: 'bytes' as const }),
  contract,
});

/** Where a webhook delivers the events of a function. */
export const eventPath = (functionName: string): string => `/events/${functionName}`;
