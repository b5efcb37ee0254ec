/** What a topic is: its name, how it is keyed and partitioned, and the schema of its values. */
import type { z } from 'zod';

export interface Topic<T> {
  /** `aurum.{domain}.{entity}.v{n}` */
  readonly name: string;
  readonly description: string;
  readonly partitions: number;
  readonly schema: z.ZodType<T>;
  /** Key of a record: records of one key keep their order. */
  key(value: T): string;
}
