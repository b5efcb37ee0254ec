/** What a route answers when it refuses, or cannot: RFC 9457, with a stable code. */
import { z } from 'zod';

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Stable; what a program decides by'),
  detail: z.string(),
  remedy: z.string().optional(),
  instance: z.string(),
  field: z.string().optional().describe('Parameter or field of the body'),
  file: z.string().optional().describe('Workbook or object it is about'),
  sheet: z.string().optional(),
  cell: z.string().optional(),
});
