/**
 * Puts a staged data file on `main`, once: whoever calls again finds it there. Knows tables and references, not what the
 * rows are about.
 */
import { busy } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { CommitRequest, StagedFile, Tables } from '#lib/ports/tables.ts';

/** Others move `main` too; each loss costs one cheap retry, since the staged file is kept. */
const COMMIT_ATTEMPTS = 200;

const turns = inTurns();

/** @returns the commit of `main` from which the rows are seen. */
export function commitRows(
  file: StagedFile,
  commit: Pick<CommitRequest, 'branch' | 'summary' | 'committed_at'>,
  tables: Tables,
): Promise<string> {
  return turns('main', () => commitInTurn(file, commit, tables));
}

async function commitInTurn(
  file: StagedFile,
  commit: Pick<CommitRequest, 'branch' | 'summary' | 'committed_at'>,
  tables: Tables,
): Promise<string> {
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
    const base = await tables.head('main');
    if (base === undefined) throw busy('catalog_missing', 'the catalog has no main branch yet');
    if (await tables.holds(file, base)) return base.commit;
    const made = await tables.commit({ ...commit, base, files: [file] });
    if (made.outcome === 'conflict') continue;
    if ((await tables.fastForward(made.head, base)) === 'moved') return made.head.commit;
  }
  throw busy(
    'commit_contended',
    `main moved ${COMMIT_ATTEMPTS} times while ${file.key} was being committed`,
    {
      remedy: 'It is tried again; nothing is lost.',
    },
  );
}
