/** What `GET /v1/instruments` takes and gives: every curve that was ever released, from the operational database. */
import { z } from 'zod';
import { sha256Hex, utcTimestamp } from './curve-observation.ts';
import { cursorParameter, identityFilter } from './curve-query.ts';

export const instrumentQuery = z.strictObject({
  ...identityFilter,
  currency: z.string().min(1).max(8).optional().describe('ISO 4217 code, or GBp for pence; case counts'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(5_000)
    .default(500)
    .describe('Instruments a page, 1 to 5000. Default 500'),
  cursor: cursorParameter,
});
export type InstrumentQuery = z.infer<typeof instrumentQuery>;

export const instrument = z.strictObject({
  curve_key: sha256Hex,
  asset_class: z.string(),
  iso: z.string().nullable(),
  region: z.string().nullable(),
  location: z.string().nullable(),
  market: z.string().nullable(),
  product: z.string().nullable(),
  block: z.string().nullable(),
  spark_location: z.string().nullable(),
  units_raw: z.string().nullable().describe('As the newest workbook that writes a unit has it'),
  currency: z.string().nullable(),
  per_unit: z.string().nullable(),
  created_at: utcTimestamp,
  updated_at: utcTimestamp,
});
export type Instrument = z.infer<typeof instrument>;

export const instrumentAnswer = z.strictObject({
  meta: z.strictObject({ count: z.int(), next_cursor: z.string().nullable() }),
  data: z.array(instrument),
});
export type InstrumentAnswer = z.infer<typeof instrumentAnswer>;
