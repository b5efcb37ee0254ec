/** Quantities that the terms, the market and the valuation of a power purchase agreement share. */
import { z } from 'zod';

export const MAX_MONTHS = 1200;
const MAX_RATE = 1;

export const label = z.string().min(1).max(200);
/** A delivery month. */
export const firstOfMonth = z
  .string()
  .regex(/^(19|20|21)\d\d-(0[1-9]|1[0-2])-01$/, 'must be the first day of a month, YYYY-MM-01');
export const price = z.number().min(-1e6).max(1e6);
export const money = z.number().min(-1e15).max(1e15);
export const share = z.number().min(0).max(1);
export const rate = z.number().gt(-MAX_RATE).max(MAX_RATE);
export const currency = z.string().regex(/^([A-Z]{3}|GBp)$/, 'must be an ISO 4217 code, or GBp for pence');
export const twelve = <Item extends z.ZodType>(item: Item) => z.array(item).length(12);

/** Issue at a field of the object that is being refined. */
export const at = (path: (string | number)[], message: string) => ({ path, message });

export const party = z.enum(['buyer', 'seller']);

/** Entries that are in a list before, and their places. */
export function repeated<Value>(values: readonly Value[]): readonly { value: Value; place: number }[] {
  const seen = new Set<Value>();
  return values.flatMap((value, place) => {
    const isRepeated = seen.has(value);
    seen.add(value);
    return isRepeated ? [{ value, place }] : [];
  });
}
