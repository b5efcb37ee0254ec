/** `aurum verify` over a history with a correction and a quarantine: good is proven, every kind of damage is named. */
import { hash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Topic } from '#events/topic.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import type { CurveTable } from '#lib/domain/curve.ts';
import type { ReleaseProof } from '#lib/flows/verify-findings.ts';
import { type VerifyFilter, verifyReleases } from '#lib/flows/verify-releases.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { EventBus, PublishedRecord } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { type ChainPorts, chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const DAY = '2025-09-12';
let ports: ChainPorts;
let releases: readonly CurveRelease[];
/** The correction of PW, and the first EUGP. */
let pw: CurveRelease;
let eugp: CurveRelease;

beforeAll(async () => {
  let now_ms = Date.parse('2025-09-12T21:30:00.000Z');
  const now = () => {
    now_ms += 1_000;
    return new Date(now_ms);
  };
  ports = chainPorts({ objects: memoryObjectStore({ now }), now: () => now().toISOString() });
  const deliver = async (vendor: string, day: string, options: Parameters<typeof sampleFile>[2] = {}) => {
    const { file, bytes } = await sampleFile(vendor, day, options);
    await runChain(ports, await upload(ports, file, day, bytes));
  };
  await deliver('pw', '2025-09-11');
  await deliver('pw', DAY);
  await deliver('eugp', DAY);
  await deliver('eugp', DAY, { corrupt: 'crossed-bid-ask' });
  await deliver('pw', DAY, { seed: 2 });
  releases = await ports.tables.releases('main');
  pw = releases.at(-1)!;
  eugp = releases.find(({ vendor }) => vendor === 'eugp')!;
});

/** All proofs; of damage, those of the correction of PW unless more is asked for. */
async function prove(
  changed: Partial<ChainPorts> = {},
  filter: VerifyFilter = { version: pw.version },
): Promise<ReleaseProof[]> {
  const proofs: ReleaseProof[] = [];
  for await (const proof of verifyReleases(filter, { ...ports, ...changed })) proofs.push(proof);
  return proofs;
}

/** The store, with other content (or none) at a key. */
function storeWith(key: string, change: (body: Uint8Array) => Uint8Array | undefined): ObjectStore {
  return {
    ...ports.objects,
    get: async (asked, options) => {
      const stored = await ports.objects.get(asked, options);
      if (asked !== key || stored === undefined) return stored;
      const body = change(stored.body.slice());
      return body && { ...stored, body, etag: hash('md5', body) };
    },
    head: async (asked) => {
      const stored = await ports.objects.get(asked);
      if (asked !== key || stored === undefined) return ports.objects.head(asked);
      const body = change(stored.body.slice());
      return body && { ...(await ports.objects.head(asked))!, etag: hash('md5', body) };
    },
  };
}

type Change = (record: CurveObservation) => readonly CurveObservation[];

/** The log as `change` gives its records back. */
function busWith(change: Change): EventBus {
  return {
    ...ports.bus,
    async *read<T>(topic: Topic<T>, after?: string): AsyncGenerator<PublishedRecord<T>> {
      for await (const record of ports.bus.read(topic, after))
        for (const value of change(record.value as CurveObservation)) yield { ...record, value: value as T };
    },
  };
}

/** The data file of a release with one row changed by hand. */
function edited(
  edit: (table: CurveTable, row: number) => void,
  release: CurveRelease,
): (body: Uint8Array) => Uint8Array {
  return (body) => {
    const table = decodeCurveTable(body);
    edit(table, 7);
    return encodeCurveTable(table, { ingest_ts: release.known_at }).bytes;
  };
}

const cellOf = async (release: CurveRelease, row: number) => {
  const rows: CurveObservation[] = [];
  for await (const { value } of ports.bus.read(ports.curveTopic))
    if (value._ingest_ts === release.known_at) rows.push(value);
  const { source_cell } = (await tableRows(release))[row]!;
  return rows.find((one) => one.source_cell === source_cell)!;
};
async function tableRows(release: CurveRelease) {
  const { rowAt } = await import('#lib/domain/curve.ts');
  const table = decodeCurveTable((await ports.objects.get(release.data_file))!.body);
  return Array.from({ length: table.length }, (_, row) => rowAt(table, row, release.known_at));
}

const codesOf = (proofs: readonly ReleaseProof[], version: string | null = pw.version) =>
  proofs.find((proof) => proof.version === version)!.mismatch_codes;
const others = (proofs: readonly ReleaseProof[], version = pw.version) =>
  proofs.filter((proof) => proof.version !== version).reduce((sum, proof) => sum + proof.mismatch_count, 0);

describe('what is good', () => {
  test('is proven: every row by its cells, the staged rows, the data file, one event each, and the lake', async () => {
    const proofs = await prove({}, {});
    expect(proofs.map(({ version }) => version)).toEqual(releases.map(({ version }) => version));
    expect(proofs.map(({ vendor }) => vendor)).toEqual(['pw', 'pw', 'eugp', 'pw']);
    for (const [index, proof] of proofs.entries()) {
      const rows = releases[index]!.row_count;
      expect(proof.mismatches).toEqual([]);
      expect(proof.rows).toBe(rows);
      expect(proof.proven).toMatchObject({
        mids: rows,
        staged_rows: rows,
        log_records: rows,
        lake_objects: 4,
      });
      expect(proof.proven.bid_asks).toBeGreaterThan(rows / 2);
    }
  });

  test('can be asked for by day, by version and by a sample of rows', async () => {
    expect((await prove({}, { asof_date: '2025-09-11' })).map(({ asof_date }) => asof_date)).toEqual([
      '2025-09-11',
    ]);
    const [one, ...more] = await prove({}, { version: eugp.version, sample: 25 });
    expect(more).toEqual([]);
    expect(one?.proven).toMatchObject({ mids: 25, staged_rows: 25, log_records: eugp.row_count });
    expect(one?.mismatch_count).toBe(0);
    await expect(prove({}, { version: '20250912-0000000000000000' })).rejects.toMatchObject({
      kind: 'refused',
      code: 'release_unknown',
    });
  });

  test('reads the log once however many releases there are', async () => {
    let readings = 0;
    const bus: EventBus = {
      ...ports.bus,
      read: (topic, after) => {
        readings += 1;
        return ports.bus.read(topic, after);
      },
    };
    await prove({ bus }, {});
    expect(readings).toBe(1);
  });
});

describe('damage is named', () => {
  test('a raw workbook replaced by another one: its bytes, and the cells that changed', async () => {
    const { bytes } = await sampleFile('pw', DAY, { seed: 3 });
    const proofs = await prove({ objects: storeWith(pw.source_key, () => bytes) }, { asof_date: DAY });
    // Both versions lie under the key.
    expect(codesOf(proofs)).toMatchObject({
      raw_replaced: 1,
      cell_differs: expect.any(Number),
      lake_object_differs: 1,
    });
    const changed = proofs.at(-1)!.mismatches.find(({ code }) => code === 'cell_differs')!;
    expect(changed.cell).toMatch(/^(Fixed Prices|Strips) - Mid![A-Z]+\d+$/);
    expect(others(proofs.filter(({ vendor }) => vendor === 'eugp'))).toBe(0);
  });

  test('one byte of the raw workbook', async () => {
    const flip = (body: Uint8Array) => {
      body[body.length >> 1]! ^= 1;
      return body;
    };
    expect(codesOf(await prove({ objects: storeWith(pw.source_key, flip) }))).toMatchObject({
      raw_replaced: 1,
    });
    const gone = await prove({ objects: storeWith(pw.source_key, () => undefined) });
    expect(codesOf(gone)).toMatchObject({ raw_missing: 1 });
  });

  test.each([
    [
      'mid',
      'cell_differs',
      (table: CurveTable, row: number) => (table.value[row] = table.mid[row]! += 0.001),
    ],
    ['bid', 'bid_ask_differs', (table: CurveTable, row: number) => (table.bid[row]! += 0.001)],
    ['value', 'value_differs', (table: CurveTable, row: number) => (table.value[row]! += 0.001)],
  ] as const)(
    'one %s in the data file: its cell, the staged row and the event',
    async (field, code, edit) => {
      const cell = await cellOf(pw, 7);
      const [proof] = await prove(
        { objects: storeWith(pw.data_file, edited(edit, pw)) },
        { version: pw.version },
      );
      expect(proof?.mismatch_codes).toEqual({ [code]: 1, staged_differs: 1, log_differs: 1 });
      for (const mismatch of proof!.mismatches) {
        expect(mismatch.cell).toBe(
          code === 'bid_ask_differs' && mismatch.code === code ? cell.source_cell_bid_ask : cell.source_cell,
        );
        expect(mismatch.message).not.toMatch(/\d\.\d/);
      }
      const staged = proof!.mismatches.find((mismatch) => mismatch.code === 'staged_differs')!;
      expect(staged.fields).toContain(field);
    },
  );

  test('a row of the data file that points to another cell', async () => {
    const edit = (table: CurveTable, row: number) => (table.cellRow[row] = 2);
    const [proof] = await prove(
      { objects: storeWith(pw.data_file, edited(edit, pw)) },
      { version: pw.version },
    );
    expect(proof?.mismatch_codes).toEqual({
      cell_missing: 1,
      staged_row_missing: 1,
      data_row_missing: 1,
      log_missing: 1,
      log_unexpected: 1,
    });
  });

  test("the data file swapped for another release's, or for nothing", async () => {
    const other = (await ports.objects.get(releases[1]!.data_file))!.body;
    const proofs = await prove({ objects: storeWith(pw.data_file, () => other) }, { asof_date: DAY });
    expect(codesOf(proofs)).toMatchObject({
      version_hash_differs: pw.row_count,
      release_column_differs: pw.row_count,
      staged_differs: pw.row_count,
      log_differs: pw.row_count,
    });
    expect(proofs.at(-1)!.mismatches.length).toBeLessThanOrEqual(100 * 10);
    expect(others(proofs)).toBe(0);
    expect(codesOf(await prove({ objects: storeWith(pw.data_file, () => undefined) }))).toEqual({
      data_file_missing: 1,
    });
    const torn = storeWith(pw.data_file, (body) => body.subarray(0, 1000));
    expect(codesOf(await prove({ objects: torn }))).toEqual({ data_file_unreadable: 1 });
  });

  test('a curve key that is not the hash of its identity', async () => {
    const edit = (table: CurveTable) => {
      Object.assign(table.series[0]!, { market: `${table.series[0]!.market} 2` });
    };
    const { mismatch_codes } = (
      await prove({ objects: storeWith(pw.data_file, edited(edit, pw)) }, { version: pw.version })
    )[0]!;
    expect(mismatch_codes.curve_key_differs).toBeGreaterThan(0);
    expect(mismatch_codes.staged_differs).toBe(mismatch_codes.curve_key_differs);
  });

  test('staged rows changed, or one of them gone', async () => {
    const key = `staged/${pw.version}/rows.parquet`;
    const change = (body: Uint8Array) => {
      const table = decodeCurveTable(body);
      table.ask[7]! += 0.001;
      return encodeCurveTable(table).bytes;
    };
    const [proof] = await prove({ objects: storeWith(key, change) }, { version: pw.version });
    expect(proof?.mismatch_codes).toEqual({ staged_differs: 1, lake_object_differs: 1 });
    expect(proof?.mismatches[0]).toMatchObject({ cell: (await cellOf(pw, 7)).source_cell, fields: ['ask'] });
    const drop = (body: Uint8Array) => {
      const table = decodeCurveTable(body);
      return encodeCurveTable({ ...table, length: table.length - 1 }).bytes;
    };
    const shorter = await prove({ objects: storeWith(key, drop) }, { version: pw.version });
    expect(shorter[0]?.mismatch_codes).toEqual({
      row_count_differs: 1,
      staged_row_missing: 1,
      lake_object_differs: 1,
    });
  });

  test('an event altered, doubled, missing or foreign', async () => {
    const target = await cellOf(pw, 7);
    const isTarget = (row: CurveObservation) =>
      row.source_cell === target.source_cell && row._ingest_ts === pw.known_at;
    const when = (change: Change) => busWith((row) => (isTarget(row) ? change(row) : [row]));
    const cases: [EventBus, Record<string, number>][] = [
      [when((row) => [{ ...row, bid: row.bid! + 0.001 }]), { log_differs: 1 }],
      [when((row) => [row, row]), { log_doubled: 1 }],
      [when(() => []), { log_missing: 1 }],
    ];
    for (const [bus, codes] of cases) {
      const proofs = await prove({ bus });
      expect(codesOf(proofs)).toEqual(codes);
      expect(proofs[0]?.mismatches[0]?.cell).toBe(target.source_cell);
    }
    const foreign = when((row) => [row, { ...row, version_hash: 'f'.repeat(64) }]);
    const stray = await prove({ bus: foreign }, {});
    expect(codesOf(stray, null)).toEqual({ log_stray: 1 });
    expect(codesOf(stray)).toEqual({});
    const empty = await prove({ bus: busWith((row) => (row._ingest_ts === pw.known_at ? [] : [row])) });
    expect(codesOf(empty)).toEqual({ log_empty: 1 });
  });

  test('one record lost and another doubled: the count is right, the rows are not', async () => {
    const [lost, doubled] = [await cellOf(pw, 7), await cellOf(pw, 8)];
    const bus = busWith((row) => {
      if (row._ingest_ts !== pw.known_at) return [row];
      return row.source_cell === lost.source_cell
        ? []
        : row.source_cell === doubled.source_cell
          ? [row, row]
          : [row];
    });
    const [proof] = await prove({ bus }, { version: pw.version });
    expect(proof?.mismatches.map(({ code, cell }) => [code, cell])).toEqual(
      expect.arrayContaining([
        ['log_missing', lost.source_cell],
        ['log_doubled', doubled.source_cell],
      ]),
    );
  });

  test('a lake commit that main does not reach, and a release record that says something else', async () => {
    const lake = {
      ...ports.lake,
      async *log(ref: string) {
        for await (const commit of ports.lake.log(ref)) if (commit.id !== pw.lake_commit) yield commit;
      },
    };
    expect(codesOf(await prove({ lake }))).toEqual({ lake_commit_missing: 1 });
    const key = `released/${pw.version}.json`;
    const other = (body: Uint8Array) =>
      Buffer.from(Buffer.from(body).toString().replace(`"row_count": ${pw.row_count}`, '"row_count": 1'));
    expect(codesOf(await prove({ objects: storeWith(key, other) }))).toEqual({ release_record_differs: 1 });
    expect(codesOf(await prove({ objects: storeWith(key, () => undefined) }))).toEqual({
      release_record_missing: 1,
    });
  });
});
