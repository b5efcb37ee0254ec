import { generateKeyPairSync, hash } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { manifestText, readManifest, signedManifest } from '#lib/domain/export-manifest.ts';
import { exportCurves } from '#lib/flows/export-curves.ts';
import { verifyExport } from '#lib/flows/verify-export.ts';
import { blockBytesFor, type ExportManifest } from '#schemas/export.ts';
import { asked, folderOf, KEYS, STAFF, site } from './site.ts';

const made = await site();
const { meta } = await exportCurves(asked({ format: 'csv', asof: '2025-09-12' }), made.ports, STAFF);

describe('a checked export', () => {
  let files: Map<string, Uint8Array>;
  let check: (key?: typeof KEYS.publicKey) => Promise<string[]>;
  let data = '';

  beforeEach(async () => {
    const opened = await folderOf(made.objects, meta.prefix);
    files = opened.files;
    data = [...files.keys()].find((name) => name.endsWith('.csv'))!;
    check = async (key) =>
      (await verifyExport(opened.folder, key)).findings.map(({ code, file }) => `${code} ${file}`);
  });

  it('is proven with the key known, and no more than consistent with the one it names', async () => {
    const { folder } = await reopened(files);
    expect(await verifyExport(folder, KEYS.publicKey)).toMatchObject({ findings: [], verdict: 'proven' });
    expect(await verifyExport(folder)).toMatchObject({ findings: [], verdict: 'consistent' });
  });

  it('names any one changed byte of any file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(data, 'manifest.json'),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (name, place, flip) => {
          const before = files.get(name)!;
          const spoilt = Uint8Array.from(before);
          spoilt[Math.floor(place * spoilt.length)]! ^= flip;
          files.set(name, spoilt);
          const found = await check(KEYS.publicKey);
          files.set(name, before);
          expect(found.length).toBeGreaterThan(0);
          expect(found.some((finding) => finding.endsWith(` ${name}`))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('names every block that differs, of 4 KiB', async () => {
    const whole = files.get(data)!;
    const spoilt = Uint8Array.from(whole);
    for (const place of [17, 4_096 * 10, 4_096 * 11 - 1, 4_096 * 11, whole.length - 1]) spoilt[place]! ^= 1;
    files.set(data, spoilt);
    const { findings, verdict } = await verifyExport((await reopened(files)).folder);
    const last_byte = whole.length - 1;
    const tail = last_byte - (last_byte % 4_096);
    expect(findings).toMatchObject([{ code: 'file_changed', file: data }]);
    expect(findings[0]!.differs).toEqual([
      { first_byte: 0, last_byte: 4_095 },
      { first_byte: 40_960, last_byte: 49_151 },
      { first_byte: tail, last_byte },
    ]);
    expect(findings[0]!.message).toContain(`differs in bytes 0-4095, 40960-49151, ${tail}-${last_byte}`);
    expect(verdict).toBe('changed');
  });

  it('names what was added and what was cut off', async () => {
    const whole = files.get(data)!;
    const found = async (bytes: Uint8Array) => {
      files.set(data, bytes);
      const { findings } = await verifyExport((await reopened(files)).folder);
      return findings[0]!.differs;
    };
    const tail = whole.length - (whole.length % 4_096);
    const more = Buffer.concat([whole, Buffer.alloc(10_000)]);
    expect(await found(more)).toEqual([{ first_byte: tail, last_byte: more.length - 1 }]);
    expect(await found(whole.subarray(0, 5_000))).toEqual([
      { first_byte: 4_096, last_byte: whole.length - 1 },
    ]);
  });

  it('has small blocks, and never more than 1,024 of a file', () => {
    expect([0, 1, 4_194_304].map(blockBytesFor)).toEqual([4_096, 4_096, 4_096]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 33 }), (bytes) => {
        expect(Math.ceil(bytes / blockBytesFor(bytes))).toBeLessThanOrEqual(1_024);
      }),
    );
  });

  it('of the first form of manifest is checked by its larger blocks', async () => {
    const { signature: _signature, curves: _curves, ...content } = readManifest(files.get('manifest.json')!);
    const { block_bytes: _block_bytes, ...plain } = content.files[0]!;
    const whole = files.get(data)!;
    const starts = Array.from({ length: Math.ceil(whole.length / 262_144) }, (_, at) => at * 262_144);
    const blocks_sha256 = starts.map((at) => hash('sha256', whole.subarray(at, at + 262_144), 'hex'));
    const first = { ...content, manifest: 'aurum-export/1' as const, files: [{ ...plain, blocks_sha256 }] };
    files.set('manifest.json', Buffer.from(manifestText(signedManifest(first, KEYS.privateKey))));
    expect(await check(KEYS.publicKey)).toEqual([]);
    const spoilt = Uint8Array.from(whole);
    spoilt[262_144]! ^= 1;
    files.set(data, spoilt);
    const { findings } = await verifyExport((await reopened(files)).folder);
    expect(findings[0]!.differs).toEqual([
      { first_byte: 262_144, last_byte: Math.min(524_288, whole.length) - 1 },
    ]);
  });

  it('names bytes cut off, bytes added, files missing and files too many', async () => {
    const whole = files.get(data)!;
    files.set(data, whole.subarray(0, -1));
    expect(await check()).toEqual([`file_changed ${data}`]);
    files.set(data, Buffer.concat([whole, Buffer.from('\n')]));
    expect(await check()).toEqual([`file_changed ${data}`]);
    files.delete(data);
    files.set('more/evil.csv', whole);
    expect(await check()).toEqual(['file_extra more/evil.csv', `file_missing ${data}`]);
    files.delete('manifest.json');
    expect(await check()).toEqual(['manifest_missing manifest.json']);
  });

  it('signed again by another is told from the key that is expected', async () => {
    const other = generateKeyPairSync('ed25519');
    const { signature, ...content } = readManifest(files.get('manifest.json')!);
    const put = (manifest: ExportManifest) => files.set('manifest.json', Buffer.from(manifestText(manifest)));
    put(signedManifest({ ...content, tenant: 'mallory' }, other.privateKey));
    expect(await check(KEYS.publicKey)).toEqual(['key_mismatch manifest.json']);
    // Without the exporter's key nobody can tell, and nobody is told that it is proven.
    expect(await verifyExport((await reopened(files)).folder)).toMatchObject({ verdict: 'consistent' });
    put({ ...content, tenant: 'mallory', signature });
    expect(await check(KEYS.publicKey)).toEqual(['signature_invalid manifest.json']);
    expect(await check()).toEqual(['signature_invalid manifest.json']);
    const forged = signedManifest(content, other.privateKey).signature;
    put({ ...content, signature: { ...forged, key_id: signature.key_id } });
    expect(await check(KEYS.publicKey)).toEqual(['signature_invalid manifest.json']);
    put({ ...content, signature: { ...signature, value: Buffer.alloc(64).toString('base64') } });
    expect(await check()).toEqual(['signature_invalid manifest.json']);
  });

  it('with a manifest that is none, or names a file elsewhere, is refused', async () => {
    const text = Buffer.from(files.get('manifest.json')!).toString();
    for (const manifest of ['', '{}', '[]', text.replace(data, '../../etc/passwd')]) {
      files.set('manifest.json', Buffer.from(manifest));
      expect(await check()).toEqual(['manifest_unreadable manifest.json']);
    }
    for (const manifest of [JSON.stringify(JSON.parse(text)), `\ufeff${text}`, `${text}\n`]) {
      files.set('manifest.json', Buffer.from(manifest));
      expect(await check()).toEqual(['manifest_changed manifest.json']);
    }
  });
});

/** The same files under a new folder. */
async function reopened(files: ReadonlyMap<string, Uint8Array>) {
  return {
    folder: {
      entries: async () => [...files.keys()].map((name) => ({ name, is_file: true })),
      async *read(name: string) {
        yield files.get(name)!;
      },
    },
  };
}
