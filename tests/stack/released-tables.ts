/** A generated curve table, released as the flow does it: its rows, release record and gate result in one commit. */
import { hash } from 'node:crypto';
import { type CurveTable, workbookVersion } from '#lib/domain/curve.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';

export async function commitTable(
  tables: Tables,
  table: CurveTable,
  known_at: string,
  vendor = 'eugp',
): Promise<CurveRelease> {
  const { asof_date, source_file } = table;
  const source_sha256 = hash('sha256', Buffer.from(table.value.buffer), 'hex');
  const version = workbookVersion(source_file, asof_date, source_sha256);
  const curves = await tables.stageCurves(table, version, known_at);
  const released = release({
    vendor,
    version,
    asof_date,
    source_file,
    source_sha256,
    known_at,
    row_count: curves.rows,
    data_file: curves.key,
  });
  const files = [
    curves,
    await tables.stageRows('market.curve_release', { version, at: known_at }, [released]),
  ];
  const base = (await tables.head('main'))!;
  const request = {
    branch: 'eod',
    base,
    files,
    summary: { 'aurum.version': version },
    committed_at: known_at,
  };
  const made = await tables.commit(request);
  if (made.outcome === 'conflict' || (await tables.fastForward(made.head, base)) === 'conflict') {
    throw new Error(`${version} lost a race on a branch of its own`);
  }
  return released;
}
