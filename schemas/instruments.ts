/** What `GET /v1/instruments` takes and gives: every curve that was ever released, from the operational database. */
import { z } from 'zod';
import { describedCurve, utcTimestamp } from './curve-observation.ts';
import { identityFilter } from './curve-query.ts';
import { cursorParameter, pageLimit, pageMeta } from './page.ts';

export const instrumentQuery = z.strictObject({
  ...identityFilter,
  currency: z.string().min(1).max(8).optional().describe('ISO 4217 code, or GBp for pence; case counts'),
  limit: pageLimit('Instruments', 5_000, 500),
  cursor: cursorParameter,
});
export type InstrumentQuery = z.infer<typeof instrumentQuery>;

export const instrument = z.strictObject({
  ...describedCurve.shape,
  units_raw: describedCurve.shape.units_raw.describe('As the newest workbook that writes a unit has it'),
  created_at: utcTimestamp,
  updated_at: utcTimestamp,
});
export type Instrument = z.infer<typeof instrument>;

export const instrumentAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(instrument),
});
export type InstrumentAnswer = z.infer<typeof instrumentAnswer>;
