import { describe, expect, it } from 'vitest';
import { decodeRows } from '#lib/parquet/decode.ts';
import { encodeRows } from '#lib/parquet/encode.ts';
import { FLAT_FIELDS, RELEASE_FIELDS } from '#lib/parquet/fields.ts';
import { type CurveRelease, curveRelease, type QaCheck, qaCheck } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';

const QA_FIELDS = FLAT_FIELDS['market.qa_checks'];

const checks: QaCheck[] = Array.from({ length: 21 }, (_, index) => ({
  version: 'rp-20250912-0123456789abcdef',
  asof_date: '2025-09-12',
  suite: 'business',
  expectation: `expect_${index % 4}`,
  column: index % 2 === 0 ? '' : 'bid,ask',
  severity: index % 3 === 0 ? 'critical' : 'warning',
  success: index % 3 !== 1,
  element_count: 28_000 + index,
  unexpected_count: index,
  unexpected_cells: index === 0 ? '' : `Strips – Mid!H${index}`,
  checked_at: '2025-09-12T20:15:01.123Z',
}));

describe('rows of the small tables', () => {
  it('come back as they were, with their kinds of value', () => {
    const releases: CurveRelease[] = [
      release({ version: 'rp-20250912-0123456789abcdef', row_count: 27_816 }),
      release({ version: 'rp-20250912-fedcba9876543210', source_version_id: 'v2', row_count: 0 }),
    ];
    expect(decodeRows<CurveRelease>(RELEASE_FIELDS, encodeRows(RELEASE_FIELDS, releases).bytes)).toEqual(
      releases,
    );
    expect(decodeRows<QaCheck>(QA_FIELDS, encodeRows(QA_FIELDS, checks).bytes)).toEqual(checks);
    expect(decodeRows<QaCheck>(QA_FIELDS, encodeRows(QA_FIELDS, []).bytes)).toEqual([]);
  });

  it('have a field for every column of their schema, ids ascending from 1', () => {
    for (const [fields, schema] of [
      [RELEASE_FIELDS, curveRelease],
      [QA_FIELDS, qaCheck],
    ] as const) {
      expect(fields.map(({ name }) => name)).toEqual(Object.keys(schema.shape));
      expect(fields.map(({ id }) => id)).toEqual(fields.map((_, index) => index + 1));
    }
  });

  it('are bounded and counted', () => {
    const { columns, rows } = encodeRows(QA_FIELDS, checks);
    expect(rows).toBe(21);
    const column = (name: string) => columns.find((one) => one.name === name);
    expect(column('element_count')).toMatchObject({
      field_id: 8,
      lower: 28_000n,
      upper: 28_020n,
      null_count: 0,
    });
    expect(column('success')).toMatchObject({ lower: false, upper: true });
    expect(column('asof_date')).toMatchObject({ lower: 20_343, upper: 20_343 });
  });

  it('may be many', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({
      ...checks[index % 21]!,
      expectation: `expect_${index}`,
    }));
    const file = encodeRows(QA_FIELDS, many);
    expect(file.split_offsets.length).toBe(5);
    expect(decodeRows<QaCheck>(QA_FIELDS, file.bytes)).toEqual(many);
  });

  it('are refused when a required column has no value', () => {
    const broken = { ...release({ version: 'x' }), vendor: null as unknown as string };
    expect(() => encodeRows(RELEASE_FIELDS, [broken])).toThrow(/vendor is null/);
  });
});
