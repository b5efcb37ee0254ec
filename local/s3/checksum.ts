/**
 * The checksums clients send along, each fed piece by piece: CRC32, CRC32C, CRC64NVME, MD5, SHA-1, SHA-256, SHA-512.
 * S3's XXHash family is not here; a request that carries one is refused. Knows nothing of headers beyond their names.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Base64, as the header carries it. */
  digest(): string;
}

const makers: Readonly<Record<string, () => Checksum>> = {
  'x-amz-checksum-crc32': crc32Checksum,
  'x-amz-checksum-crc32c': crc32cChecksum,
  'x-amz-checksum-crc64nvme': crc64nvmeChecksum,
  'x-amz-checksum-md5': () => hashChecksum('md5'),
  'x-amz-checksum-sha1': () => hashChecksum('sha1'),
  'x-amz-checksum-sha256': () => hashChecksum('sha256'),
  'x-amz-checksum-sha512': () => hashChecksum('sha512'),
};

/** Header and trailer names that carry a checksum we verify. */
export const checksumNames: readonly string[] = Object.keys(makers);

/** Whether a header or trailer carries a checksum, also of a kind we do not know. */
export function isChecksum(name: string): boolean {
  return /^x-amz-checksum-(?!type$|mode$|algorithm$)/.test(name);
}

export function checksumFor(name: string): Checksum | undefined {
  return makers[name]?.();
}

function hashChecksum(algorithm: string): Checksum {
  const hash = createHash(algorithm);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('base64') };
}

function crc32Checksum(): Checksum {
  let crc = 0;
  return {
    update: (chunk) => {
      crc = crc32(chunk, crc);
    },
    digest: () => words(crc),
  };
}

/** Castagnoli, reflected. */
function crc32cChecksum(): Checksum {
  crc32cTable ??= reflectedTable(0n, 0x82f63b78n).low;
  const table = crc32cTable;
  let crc = -1;
  return {
    update: (chunk) => {
      for (let i = 0; i < chunk.length; i++) crc = (crc >>> 8) ^ table[(crc ^ chunk[i]!) & 0xff]!;
    },
    digest: () => words(~crc),
  };
}
let crc32cTable: Int32Array | undefined;

/** CRC-64/NVME, reflected, as two 32-bit halves: BigInt arithmetic per byte would be 50 times slower. */
function crc64nvmeChecksum(): Checksum {
  crc64Table ??= reflectedTable(0x9a6c9329n, 0xac4bc9b5n);
  const table = crc64Table;
  let high = -1;
  let low = -1;
  return {
    update: (chunk) => {
      for (let i = 0; i < chunk.length; i++) {
        const at = (low ^ chunk[i]!) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ table.low[at]!;
        high = (high >>> 8) ^ table.high[at]!;
      }
    },
    digest: () => words(~high, ~low),
  };
}
let crc64Table: { high: Int32Array; low: Int32Array } | undefined;

/** Byte table of a reflected polynomial of 64 bits; one of 32 bits leaves the high half empty. */
function reflectedTable(high: bigint, low: bigint): { high: Int32Array; low: Int32Array } {
  const polynomial = (high << 32n) | low;
  const table = { high: new Int32Array(256), low: new Int32Array(256) };
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    table.high[byte] = Number(value >> 32n);
    table.low[byte] = Number(value & 0xffffffffn);
  }
  return table;
}

function words(...values: number[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes.toString('base64');
}
