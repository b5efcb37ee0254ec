import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { manifestText, readManifest, signedManifest } from '#lib/domain/export-manifest.ts';
import { exportCurves } from '#lib/flows/export-curves.ts';
import { verifyExport } from '#lib/flows/verify-export.ts';
import { BLOCK_BYTES, type ExportManifest } from '#schemas/export.ts';
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

  it('is proven when nothing changed, with the key known and with the one it names', async () => {
    expect(await check(KEYS.publicKey)).toEqual([]);
    expect(await check()).toEqual([]);
    expect(files.get(data)!.length).toBeGreaterThan(2 * BLOCK_BYTES);
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

  it('says where in the file the change is', async () => {
    const spoilt = Uint8Array.from(files.get(data)!);
    spoilt[BLOCK_BYTES + 17]! ^= 1;
    files.set(data, spoilt);
    const { findings } = await verifyExport((await reopened(files)).folder);
    expect(findings[0]!.message).toContain(`between byte ${BLOCK_BYTES} and ${2 * BLOCK_BYTES - 1}`);
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
