/** A market day's release in miniature: rows, release and gate result of one workbook version, committed as the flow does. */
import { hash } from 'node:crypto';
import type { CurveTable } from '#lib/domain/curve.ts';
import type { RefHead, StagedFile, Tables } from '#lib/ports/tables.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { curveTable } from '#tests/unit/parquet/curve-tables.ts';

export interface MarketDay {
  readonly version: string;
  readonly at: string;
  readonly branch: string;
  readonly table: CurveTable;
  readonly release: CurveRelease;
}

export function marketDay(asof_date: string, correction = 0, curves = 2, tenors = 3): MarketDay {
  const table = curveTable({ asof_date, curves, tenors, seed: correction + 1 });
  const day = asof_date.replaceAll('-', '');
  const version = `${day}-${hash('sha256', `${asof_date}${correction}`, 'hex').slice(0, 16)}`;
  const at = `${asof_date}T22:00:00.${String(correction).padStart(3, '0')}Z`;
  const release: CurveRelease = {
    vendor: 'xx',
    asof_date,
    version,
    sequence: String(correction).padStart(16, '0'),
    known_at: at,
    source_file: table.source_file,
    source_key: `raw/vendor_curves/${asof_date}/Ünïcode +1.xlsx`,
    source_version_id: correction === 0 ? null : `v${correction}`,
    source_sha256: hash('sha256', version, 'hex'),
    row_count: table.length,
    data_file: `curated/${version}.parquet`,
    lake_commit: 'c0ffee',
  };
  return { version, at, branch: `eod_${day}`, table, release };
}

export async function stageDay(tables: Tables, day: MarketDay): Promise<readonly StagedFile[]> {
  const check = {
    version: day.version,
    asof_date: day.release.asof_date,
    suite: 'schema',
    expectation: 'expect_column_values_to_not_be_null',
    column: 'value',
    severity: 'critical',
    success: true,
    element_count: day.table.length,
    unexpected_count: 0,
    unexpected_cells: '',
    checked_at: day.at,
  } as const;
  return [
    await tables.stageCurves(day.table, day.version, day.at),
    await tables.stageRows('market.curve_release', { version: day.version, at: day.at }, [day.release]),
    await tables.stageRows('market.qa_checks', { version: day.version, at: day.at }, [check]),
  ];
}

export function commitDay(tables: Tables, day: MarketDay, base: RefHead, files: readonly StagedFile[]) {
  return tables.commit({
    branch: day.branch,
    base,
    files,
    summary: { 'aurum.version': day.version, 'aurum.asof_date': day.release.asof_date },
    committed_at: day.at,
  });
}

/** Until it is on `main`, once: what the release flow does, and does again after a crash. Returns the attempts made. */
export async function releaseDay(tables: Tables, day: MarketDay): Promise<number> {
  const files = await stageDay(tables, day);
  for (let attempt = 1; ; attempt++) {
    const base = (await tables.head('main'))!;
    const released = await tables.releases('main');
    if (released.some(({ version }) => version === day.version)) return attempt;
    const made = await commitDay(tables, day, base, files);
    if (made.outcome === 'conflict') continue;
    if ((await tables.fastForward(made.head, base)) === 'moved') return attempt;
  }
}
