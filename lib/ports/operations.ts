/** The operational records the chain keeps about its products: instruments, watermarks and expected deliveries. */
import type { Series } from '#lib/domain/curve.ts';

/** A vendor's delivery that is due every business day. */
export interface ExpectedDelivery {
  readonly vendor: string;
  /** Local time of day, `HH:MM`, by which the workbook of that day must be released. */
  readonly deadline: string;
  /** IANA time zone of the deadline. */
  readonly time_zone: string;
}

export interface Operations {
  /** Adds instruments that are new and refreshes the units of known ones. */
  recordInstruments(series: readonly Series[]): Promise<void>;
  /** Moves a source's watermark forward; never back. */
  advanceWatermark(source: string, key: string, timestamp: string): Promise<void>;
  /** From now on the delivery is due; again changes its deadline. */
  expectDelivery(delivery: ExpectedDelivery): Promise<void>;
  expectedDeliveries(): Promise<readonly ExpectedDelivery[]>;
}
