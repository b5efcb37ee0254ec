/** Sizes and digests of bytes, as the clients of a gateway see them. */
import { createHash } from 'node:crypto';

export const MIB = 1024 ** 2;
export const md5 = (data: Buffer) => createHash('md5').update(data).digest('hex');
