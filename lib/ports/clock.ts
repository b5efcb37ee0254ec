/** The time, injected: a flow never asks the machine. */
export interface Clock {
  /** RFC 3339 UTC with milliseconds. */
  now(): string;
}
