/**
 * Schema family: the columns, their types, keys that are there and well-formed, and no price lost on the way.
 * Knows nothing of what a price should be.
 */
import { curveKey } from '#lib/domain/curve.ts';
import type { ExpectationFamily, GateInput } from '#lib/domain/gate.ts';
import { expectationSuite } from '#schemas/expectation-suite.ts';
import suite from '#schemas/expectations/curve_schema.json' with { type: 'json' };

export const family: ExpectationFamily = {
  name: 'schema',
  suite: expectationSuite.parse(suite),
  measures: ({ table }: GateInput) => ({
    /** The key the row's own identity gives. */
    identity_key: { texts: table.series.map((series) => curveKey(series)), codes: table.seriesCode },
  }),
};
