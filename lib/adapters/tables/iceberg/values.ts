/**
 * Iceberg's binary form of single values (bounds of a column) and the month transform. Source: Iceberg specification,
 * "Appendix D: single-value serialization" and "Partition transforms".
 */
import type { FieldType, Stored } from '#lib/parquet/fields.ts';

/** Little-endian numbers, UTF-8 text, one byte for a boolean. */
export function toBinary(type: FieldType, value: Stored): Buffer {
  if (type === 'string') return Buffer.from(String(value));
  if (type === 'boolean') return Buffer.from([value ? 1 : 0]);
  const bytes = Buffer.alloc(type === 'date' ? 4 : 8);
  if (type === 'date') bytes.writeInt32LE(Number(value));
  else if (type === 'double') bytes.writeDoubleLE(Number(value));
  else bytes.writeBigInt64LE(BigInt(value as bigint));
  return bytes;
}

export function fromBinary(type: FieldType, bytes: Buffer): Stored {
  if (type === 'string') return bytes.toString();
  if (type === 'boolean') return bytes[0] === 1;
  if (type === 'date') return bytes.readInt32LE();
  return type === 'double' ? bytes.readDoubleLE() : bytes.readBigInt64LE();
}

/** Months since 1970-01 of a date `YYYY-MM-DD`. */
export function monthOf(date: string): number {
  return (Number(date.slice(0, 4)) - 1970) * 12 + Number(date.slice(5, 7)) - 1;
}
