import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentReleases } from '#lib/flows/releases-in-view.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';

test('a correction replaces its slot and other slots stay', () => {
  const first = release({ version: '20250912-0000000000000001', sequence: '01' });
  const correction = release({
    version: '20250912-0000000000000002',
    sequence: '02',
    known_at: '2025-09-13T08:00:00.000Z',
  });
  const other = release({ version: '20250912-0000000000000003', vendor: 'rp' });
  expect(currentReleases([first, correction, other])).toEqual([correction, other]);
});

test('an upload released late never replaces a newer upload of its slot', () => {
  const newer = release({ version: '20250912-0000000000000002', sequence: '02' });
  const straggler = release({
    version: '20250912-0000000000000001',
    sequence: '01',
    known_at: '2025-09-14T00:00:00.000Z',
  });
  expect(currentReleases([newer, straggler])).toEqual([newer]);
});

test('as known at an instant, later releases are not there', () => {
  const first = release({ version: '20250912-0000000000000001', sequence: '01' });
  const correction = release({
    version: '20250912-0000000000000002',
    sequence: '02',
    known_at: '2025-09-13T08:00:00.000Z',
  });
  expect(currentReleases([first, correction], '2025-09-13T07:59:59.999Z')).toEqual([first]);
  expect(currentReleases([first, correction], '2025-09-13T08:00:00.000Z')).toEqual([correction]);
  expect(currentReleases([first, correction], '2025-09-12T21:29:59.999Z')).toEqual([]);
});

/** The history read record by record, as somebody at the instant would have seen it. */
function naiveReplay(history: readonly CurveRelease[], instant: string): Map<string, string> {
  const seen = history.filter(({ known_at }) => known_at <= instant);
  const slots = new Map<string, string>();
  for (const slot of new Set(seen.map(({ vendor, asof_date }) => `${vendor}|${asof_date}`))) {
    const uploads = seen.filter(({ vendor, asof_date }) => `${vendor}|${asof_date}` === slot);
    uploads.sort((a, b) => (a.sequence < b.sequence ? 1 : -1));
    slots.set(slot, uploads[0]!.version);
  }
  return slots;
}

test('as_known_at equals a naive replay on random histories of releases and corrections', () => {
  const histories = fc.array(
    fc.record({
      vendor: fc.constantFrom('pw', 'eugp', 'rp'),
      day: fc.integer({ min: 1, max: 4 }),
      order: fc.integer({ min: 0, max: 1e6 }),
    }),
    { maxLength: 25 },
  );
  const property = fc.property(histories, fc.integer({ min: 0, max: 30 }), (drafts, at) => {
    const history = drafts.map(({ vendor, day, order }, index) =>
      release({
        vendor,
        asof_date: `2025-09-0${day}`,
        version: `2025090${day}-${String(index).padStart(16, '0')}`,
        sequence: `${String(order).padStart(10, '0')}${String(index).padStart(6, '0')}`,
        known_at: new Date(Date.UTC(2025, 8, 5, 0, 0, index)).toISOString(),
      }),
    );
    const instant = new Date(Date.UTC(2025, 8, 5, 0, 0, at)).toISOString();
    const current = currentReleases(history, instant);
    expect(
      new Map(current.map(({ vendor, asof_date, version }) => [`${vendor}|${asof_date}`, version])),
    ).toEqual(naiveReplay(history, instant));
  });
  fc.assert(property, { numRuns: 1_000 });
});
