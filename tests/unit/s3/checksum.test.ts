import { expect, it } from 'vitest';
import { checksumFor, checksumNames } from '../../../local/s3/checksum.ts';

// The check values of the CRC catalogue for "123456789", and the digests as md5sum and its kin print them.
const ofDigits: Readonly<Record<string, string>> = {
  'x-amz-checksum-crc32': 'cbf43926',
  'x-amz-checksum-crc32c': 'e3069283',
  'x-amz-checksum-crc64nvme': 'ae8b14860a799888',
  'x-amz-checksum-md5': '25f9e794323b453885f5181f1b624d0b',
  'x-amz-checksum-sha1': 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  'x-amz-checksum-sha256': '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  'x-amz-checksum-sha512':
    'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
};

it('computes the published check value of every checksum it names, in one piece or many', () => {
  expect(checksumNames).toEqual(Object.keys(ofDigits));
  for (const [name, hex] of Object.entries(ofDigits)) {
    const whole = checksumFor(name)!;
    whole.update(Buffer.from('123456789'));
    expect(whole.digest(), name).toBe(Buffer.from(hex, 'hex').toString('base64'));
    const pieces = checksumFor(name)!;
    for (const digit of '123456789') pieces.update(Buffer.from(digit));
    expect(pieces.digest(), name).toBe(Buffer.from(hex, 'hex').toString('base64'));
  }
  expect(checksumFor('x-amz-checksum-md4')).toBeUndefined();
});
