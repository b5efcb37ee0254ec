/** Pages of lists: how long one may be, where the next one begins, and what a page says of itself. */
import { z } from 'zod';

export const cursorParameter = z
  .string()
  .min(1)
  .max(2_000)
  .optional()
  .describe('`meta.next_cursor` of the page before');

/** How many entries a page has, of 1 to `most`. */
export const pageLimit = (entries: string, most: number, fallback: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .default(fallback)
    .describe(`${entries} a page, 1 to ${most}. Default ${fallback}`);

const count = z.int().nonnegative();
export const listMeta = z.strictObject({ count });
export const pageMeta = z.strictObject({ count, next_cursor: z.string().nullable() });
