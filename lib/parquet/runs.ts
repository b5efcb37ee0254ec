/**
 * Equal neighbours of a column as runs, in memory and in Parquet's RLE / bit-packed hybrid. A column that is constant over
 * a curve costs one step a curve, not one a row, on the way out and on the way in.
 */
import type { DataReader } from 'hyparquet';
import { readVarInt } from 'hyparquet/src/thrift.js';
import type { ByteWriter } from 'hyparquet-writer';

/** Code `codes[i]` stands `lengths[i]` times; equal codes never follow each other. */
export interface Runs {
  readonly codes: number[];
  readonly lengths: number[];
}

/** The code of a row without a value. */
export const NULL = -1;

export function noRuns(): Runs {
  return { codes: [], lengths: [] };
}

export function addRun({ codes, lengths }: Runs, code: number, length: number): void {
  const last = codes.length - 1;
  if (last >= 0 && codes[last] === code) lengths[last]! += length;
  else if (length > 0) {
    codes.push(code);
    lengths.push(length);
  }
}

export function runsOf(codes: ArrayLike<number>): Runs {
  const runs = noRuns();
  for (let row = 0; row < codes.length; row++) addRun(runs, codes[row]!, 1);
  return runs;
}

export function lengthOf({ codes, lengths }: Runs, counted: (code: number) => boolean): number {
  let sum = 0;
  for (let run = 0; run < codes.length; run++) if (counted(codes[run]!)) sum += lengths[run]!;
  return sum;
}

/** Definition levels: 1 where there is a value. */
export function writeLevels(writer: ByteWriter, { codes, lengths }: Runs): void {
  for (let run = 0; run < codes.length; ) {
    const missing = codes[run] === NULL;
    let length = 0;
    for (; run < codes.length && (codes[run] === NULL) === missing; run++) length += lengths[run]!;
    writer.appendVarInt(length * 2);
    writer.appendUint8(missing ? 0 : 1);
  }
}

/**
 * Codes that are not null, behind the byte of their width: as runs, or bit-packed where runs are short. A packed code takes
 * a whole byte or two: two curves of the same tenors then are the same bytes, which compresses better than fewer bits.
 */
export function writeCodes(
  writer: ByteWriter,
  { codes, lengths }: Runs,
  distinct: number,
  values: number,
): void {
  const width_bytes = distinct <= 256 ? 1 : 2;
  writer.appendUint8(width_bytes * 8);
  if (codes.length * (width_bytes + 2) <= values * width_bytes) {
    for (let run = 0; run < codes.length; run++) {
      const code = codes[run]!;
      if (code === NULL) continue;
      writer.appendVarInt(lengths[run]! * 2);
      writer.appendUint8(code & 255);
      if (width_bytes === 2) writer.appendUint8(code >> 8);
    }
    return;
  }
  const groups = Math.ceil(values / 8);
  const packed = width_bytes === 1 ? new Uint8Array(groups * 8) : new Uint16Array(groups * 8);
  let next = 0;
  for (let run = 0; run < codes.length; run++) {
    if (codes[run] === NULL) continue;
    for (const end = next + lengths[run]!; next < end; next++) packed[next] = codes[run]!;
  }
  writer.appendVarInt(groups * 2 + 1);
  writer.appendBytes(new Uint8Array(packed.buffer));
}

/** Runs of `values` codes of `width` bits; packed codes only as whole bytes, as we write them. */
export function readCodes(reader: DataReader, width: number, values: number): Runs {
  const runs = noRuns();
  const width_bytes = Math.ceil(width / 8);
  const { view } = reader;
  const code = () => {
    const at = reader.offset;
    reader.offset += width_bytes;
    return width_bytes === 0 ? 0 : width_bytes === 1 ? view.getUint8(at) : view.getUint16(at, true);
  };
  for (let left = values; left > 0; ) {
    const header = readVarInt(reader);
    if ((header & 1) === 0) {
      addRun(runs, code(), Math.min(header >>> 1, left));
      left -= header >>> 1;
      continue;
    }
    if (width !== width_bytes * 8) throw new Error(`codes packed in ${width} bits`);
    const count = Math.min((header >>> 1) * 8, left);
    for (let index = 0; index < count; index++) addRun(runs, code(), 1);
    left -= count;
  }
  return runs;
}

/** Levels (1 and 0) and the codes of the rows that have one -> codes of all rows. */
export function withNulls(levels: Runs, present: Runs): Runs {
  const runs = noRuns();
  let run = 0;
  let used = 0;
  for (let level = 0; level < levels.codes.length; level++) {
    let left = levels.lengths[level]!;
    if (levels.codes[level] === 0) addRun(runs, NULL, left);
    else {
      while (left > 0) {
        const length = Math.min(left, present.lengths[run]! - used);
        addRun(runs, present.codes[run]!, length);
        left -= length;
        used += length;
        if (used === present.lengths[run]) {
          run++;
          used = 0;
        }
      }
    }
  }
  return runs;
}
