/** What every catalog of the lake's tables must do. `open` gives a new adapter on the same stored state: a restart. */
import { expect, test } from 'vitest';
import { AurumError } from '#lib/domain/errors.ts';
import { commitRows } from '#lib/flows/commit-rows.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { ScenarioOutputRow } from '#schemas/lake.ts';
import { FLAT_ROWS } from './flat-rows.ts';
import { commitDay, marketDay, releaseDay, stageDay } from './market-days.ts';

export type OpenTables = () => Tables;

const versions = async (tables: Tables, ref: string) =>
  (await tables.releases(ref)).map(({ version }) => version);

const asDate = (day: number) => new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10);

/** `releases` one after another, `writers` at once: fewer where a call costs milliseconds. */
export function tablesCases(
  fresh: () => Promise<OpenTables>,
  size: { readonly releases: number; readonly writers: number },
): void {
  test('main exists before the first release and holds none', async () => {
    const tables = (await fresh())();
    expect((await tables.head('main'))?.ref).toBe('main');
    expect(await tables.releases('main')).toEqual([]);
    expect(await tables.head('eod_20250912')).toBeUndefined();
  });

  test('a commit is on its branch alone until main moves to it', async () => {
    const tables = (await fresh())();
    const day = marketDay('2025-09-12');
    const base = (await tables.head('main'))!;
    const made = await commitDay(tables, day, base, await stageDay(tables, day));
    if (made.outcome === 'conflict') throw new Error('conflict');
    expect(await tables.head(day.branch)).toEqual(made.head);
    expect(await tables.releases(day.branch)).toEqual([day.release]);
    expect(await tables.releases('main')).toEqual([]);

    expect(await tables.fastForward(made.head, base)).toBe('moved');
    expect((await tables.head('main'))?.commit).toBe(made.head.commit);
    expect(await tables.releases('main')).toEqual([day.release]);
  });

  test('a branch is set to its base first: what it held before is not part of the commit', async () => {
    const tables = (await fresh())();
    const [abandoned, wanted] = [marketDay('2025-09-12', 0), marketDay('2025-09-12', 1)];
    const base = (await tables.head('main'))!;
    await commitDay(tables, abandoned, base, await stageDay(tables, abandoned));
    const made = await commitDay(tables, wanted, base, await stageDay(tables, wanted));
    if (made.outcome === 'conflict') throw new Error('conflict');
    await tables.fastForward(made.head, base);
    expect(await versions(tables, 'main')).toEqual([wanted.version]);
  });

  test('a commit on a base that main has left, and a move from it, are conflicts that change nothing', async () => {
    const tables = (await fresh())();
    const [first, second, third] = [
      marketDay('2025-09-10'),
      marketDay('2025-09-11'),
      marketDay('2025-09-12'),
    ];
    const base = (await tables.head('main'))!;
    const late = await commitDay(tables, second, base, await stageDay(tables, second));
    if (late.outcome === 'conflict') throw new Error('conflict');
    await releaseDay(tables, first);
    const main = await tables.head('main');
    expect(await tables.fastForward(late.head, base)).toBe('conflict');
    expect((await commitDay(tables, third, base, await stageDay(tables, third))).outcome).toBe('conflict');
    expect(await tables.head('main')).toEqual(main);
    expect(await versions(tables, 'main')).toEqual([first.version]);
  });

  test('the same move asked twice is done once', async () => {
    const tables = (await fresh())();
    const day = marketDay('2025-09-12');
    const base = (await tables.head('main'))!;
    const made = await commitDay(tables, day, base, await stageDay(tables, day));
    if (made.outcome === 'conflict') throw new Error('conflict');
    expect(await tables.fastForward(made.head, base)).toBe('moved');
    expect(await tables.fastForward(made.head, base)).toBe('moved');
    expect(await versions(tables, 'main')).toEqual([day.version]);
  });

  test('staging twice gives the same file; other rows under its name are refused', async () => {
    const tables = (await fresh())();
    const day = marketDay('2025-09-12');
    const [first] = await stageDay(tables, day);
    expect((await stageDay(tables, day))[0]).toEqual(first);
    expect(first!.key).toContain(`/data/asof_date_month=2025-09/${day.version}-20250912T220000000Z.parquet`);
    const other = marketDay('2025-09-12', 1);
    const staged = tables.stageCurves(other.table, day.version, day.at);
    await expect(staged).rejects.toMatchObject({ code: 'object_differs' });
  });

  test.each(['market.scenario_output', 'market.ppa_valuation'] as const)(
    'rows of %s are committed once beside the curves, and read back as they were staged',
    async (table) => {
      const open = await fresh();
      const tables = open();
      await releaseDay(tables, marketDay('2025-09-12'));
      const rows = FLAT_ROWS[table];
      const at = '2025-09-12T22:30:00.000Z';
      const stage = (version: string) => tables.stageRows(table, { version, at }, rows as never);
      const [file, other] = [await stage('r1'), await stage('r2')];
      expect(await stage('r1')).toEqual(file);
      expect(await tables.holds(file, (await tables.head('main'))!)).toBe(false);

      const request = { branch: 'rows', summary: { 'aurum.version': 'r1' }, committed_at: at };
      const commit = await commitRows(file, request, tables);
      expect(await commitRows(file, request, open())).toBe(commit);
      const held = (await open().head('main'))!;
      expect(held.commit).toBe(commit);
      expect([await open().holds(file, held), await tables.holds(other, held)]).toEqual([true, false]);
      expect(await open().readRows(table, file.key)).toEqual(rows);
      expect(await versions(tables, 'main')).toHaveLength(1);
    },
  );

  test('rows of no day or of several are refused', async () => {
    const tables = (await fresh())();
    const name = { version: 'r1', at: '2025-09-12T22:30:00.000Z' };
    const [row] = FLAT_ROWS['market.scenario_output'];
    const mixed = [row!, { ...row!, asof_date: '2025-09-13' }];
    const stage = (rows: readonly ScenarioOutputRow[]) =>
      tables.stageRows('market.scenario_output', name, rows);
    await expect(stage([])).rejects.toMatchObject({ code: 'rows_empty' });
    await expect(stage(mixed)).rejects.toMatchObject({ code: 'rows_of_several_days' });
  });

  test('many who commit rows and releases at once lose nothing and double nothing', async () => {
    const open = await fresh();
    const processes = [open(), open()];
    const at = '2025-09-12T22:30:00.000Z';
    const rows = FLAT_ROWS['market.scenario_output'];
    const files = await Promise.all(
      Array.from({ length: size.writers }, (_, run) =>
        open().stageRows('market.scenario_output', { version: `r${run}`, at }, rows),
      ),
    );
    const request = { branch: 'rows', summary: {}, committed_at: at };
    await Promise.all([
      ...files.map((file, run) => commitRows(file, request, processes[run % 2]!)),
      ...files.slice(0, 3).map((file) => commitRows(file, request, open())),
      releaseDay(open(), marketDay('2025-09-12')),
    ]);
    const head = (await open().head('main'))!;
    for (const file of files) expect(await open().holds(file, head)).toBe(true);
    expect(await versions(open(), 'main')).toHaveLength(1);
  });

  test('a tag is created once and answers as of its commit', async () => {
    const tables = (await fresh())();
    await releaseDay(tables, marketDay('2025-09-11'));
    const tagged = (await tables.head('main'))!;
    expect(await tables.tag('release-2025-09-11', tagged.commit)).toBe('created');
    await releaseDay(tables, marketDay('2025-09-12'));
    const now = (await tables.head('main'))!;
    expect(await tables.tag('release-2025-09-11', now.commit)).toBe('exists');
    expect(await tables.tag('release-2025-09-11.2', now.commit)).toBe('created');
    expect(await tables.tag('release-2025-09-12', now.commit)).toBe('created');

    expect(await tables.tags('release-2025-09-11')).toEqual([
      { ref: 'release-2025-09-11', commit: tagged.commit },
      { ref: 'release-2025-09-11.2', commit: now.commit },
    ]);
    expect(await tables.head('release-2025-09-11')).toEqual({
      ref: 'release-2025-09-11',
      commit: tagged.commit,
    });
    expect(await versions(tables, 'release-2025-09-11')).toEqual([marketDay('2025-09-11').version]);
    expect(await tables.releases('release-2025-09-12')).toHaveLength(2);
    // A head seen earlier answers as main was then.
    expect(await tables.releases({ ...tagged, ref: 'main' })).toHaveLength(1);
  });

  test('names that cannot be a branch or tag, and commits nobody made, are refused', async () => {
    const tables = (await fresh())();
    const { commit } = (await tables.head('main'))!;
    for (const name of ['release/2025-09-12', '../refs/main', 'a b', '', 'a..b', '.x', '%2e']) {
      await expect(tables.tag(name, commit)).rejects.toMatchObject({ code: 'ref_name_invalid' });
      await expect(tables.head(name)).rejects.toBeInstanceOf(AurumError);
    }
    await expect(tables.tag('release-2025-09-12', 'no-such')).rejects.toMatchObject({ kind: 'refused' });
    await expect(tables.releases('eod_20250912')).rejects.toMatchObject({ code: 'ref_unknown' });
  });

  test('a commit that could not be read back is refused and leaves the branch alone', async () => {
    const tables = (await fresh())();
    const day = marketDay('2025-09-12');
    const base = (await tables.head('main'))!;
    const files = await stageDay(tables, day);
    const wrong = { branch: day.branch, base, files, summary: {}, committed_at: '12.09.2025' };
    await expect(tables.commit(wrong)).rejects.toMatchObject({ code: 'record_invalid' });
    expect(await tables.head(day.branch)).toBeUndefined();
  });

  test('releases come oldest commit first, complete after any number of commits and a restart', async () => {
    const open = await fresh();
    const tables = open();
    const expected: string[] = [];
    // Backwards in market days, so that no order of names is the right one; more commits than one list keeps manifests.
    for (let day = size.releases - 1; day >= 0; day--) {
      const next = marketDay(asDate(day), 0, 1, 1);
      await releaseDay(tables, next);
      expected.push(next.version);
    }
    expect(await versions(tables, 'main')).toEqual(expected);
    expect(await tables.releases('main')).toEqual(await open().releases('main'));
  });

  test('many writers in four processes, some on one branch: nothing is lost and nothing is doubled', async () => {
    const open = await fresh();
    const processes = [open(), open(), open(), open()];
    const days = Array.from({ length: size.writers }, (_, index) =>
      marketDay(asDate(index % 10), Math.floor(index / 10), 1, 2),
    );
    await Promise.all(days.map((day, index) => releaseDay(processes[index % 4]!, day)));
    const released = await versions(open(), 'main');
    expect([...released].sort()).toEqual(days.map(({ version }) => version).sort());
  });
}
