/** Zstandard for hyparquet, which brings none. */
import { zstdDecompressSync } from 'node:zlib';

export const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
