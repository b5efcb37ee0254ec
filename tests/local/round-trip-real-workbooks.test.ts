/** The real workbooks, where they are at hand, written from their rows and read again. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differences, read, roundTrip } from '#tests/unit/formats/round-trip.ts';

const WORKBOOKS = process.env.AURUM_REAL_WORKBOOKS ?? join(import.meta.dirname, '../../../shared/workbooks');
const reason = existsSync(WORKBOOKS)
  ? ''
  : ' (skipped: the folder of real workbooks is not there; set AURUM_REAL_WORKBOOKS)';

describe.skipIf(reason !== '')(`real workbooks${reason}`, () => {
  it.each([
    'EOD_EUGP_20250214_1430.xlsx',
    'EOD_EUGP_20250912_1430.xlsx',
    'EOD_RP_20250214_1430.xlsx',
    'EOD_RP_20250912_1430.xlsx',
  ])('%s says the same after a round trip', async (file) => {
    const before = await read(file, readFileSync(join(WORKBOOKS, file)));
    const after = await roundTrip(file, before.rows, before.vendor);
    expect(after.failures.length).toBe(0);
    expect(differences(after.rows, before.rows)).toBe(0);
    expect(after.rows.length).toBeGreaterThan(10_000);
  });
});
