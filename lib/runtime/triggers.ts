/**
 * What calls a function. Each function file states its trigger; `serverless.yml` and the local wiring are generated from
 * these statements.
 */
export type Trigger =
  | { readonly kind: 'object-created'; readonly prefix: string; readonly suffix?: string }
  | { readonly kind: 'schedule'; readonly rate: string }
  | { readonly kind: 'http'; readonly method: 'GET' | 'POST'; readonly path: string };

/** A bucket notification for objects created under a prefix. */
export const objectCreated = (prefix: string, suffix?: string): Trigger => ({
  kind: 'object-created',
  prefix,
  ...(suffix === undefined ? {} : { suffix }),
});

/** `rate(1 minute)`, `rate(5 minutes)`. */
export const every = (rate: string): Trigger => ({ kind: 'schedule', rate: `rate(${rate})` });

/** A route of the API; path parameters as `{name}`. */
export const http = (method: 'GET' | 'POST', path: string): Trigger => ({ kind: 'http', method, path });

/** Where a webhook delivers the events of an object-created function. */
export const eventPath = (functionName: string): string => `/events/${functionName}`;
