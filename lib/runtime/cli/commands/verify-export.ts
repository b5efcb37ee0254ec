/** `aurum verify-export`: checks a folder of an export against its signed manifest, offline. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { refusal } from '#lib/domain/errors.ts';
import { verifyExport } from '#lib/flows/verify-export.ts';
import { type Command, usageError } from '../command.ts';
import { EXIT_REFUSED } from '../errors.ts';
import { exportFolder } from '../export-folder.ts';
import { readInput } from '../files.ts';
import { counted, printable } from '../text.ts';

export const command: Command = {
  name: 'verify-export',
  summary: 'check an export against its signed manifest, offline',
  usage: 'verify-export DIR [--key FILE]',
  details: [
    'DIR holds manifest.json. Every byte of every file is compared with it; what is changed, missing or not named in it is told',
    'with its file and the place in it. Exit 2 when anything is. With --key the signature must be of that key, which comes from',
    'the exporter (`aurum export --public-key FILE`). Without it the key in the manifest is used: that proves that nothing',
    'changed since it was signed, not who signed it; note its id at the first use. One JSON line goes to stdout.',
  ].join('\n'),
  options: { key: { value: 'FILE', description: "the exporter's public key, PEM" } },
  run: async ({ positionals, options }, io) => {
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) {
      throw usageError('folder_missing', 'name one folder', 'verify-export');
    }
    const key = options.key === undefined ? undefined : await publicKey(options.key);
    const { manifest, findings } = await verifyExport(exportFolder(folder), key);
    for (const { code, file, message } of findings)
      io.tell(`${printable(`${file}: ${message}`)} (${code})\n`);
    const verdict = findings.length === 0 ? 'proven' : counted(findings.length, 'finding');
    await io.out(
      `${JSON.stringify({ folder, ...headOf(manifest), trusted_key: key !== undefined, findings })}\n`,
    );
    if (manifest !== undefined) {
      const { rows, files, signature } = manifest;
      const trust =
        key === undefined ? ', taken from the manifest itself: pass --key to know whose it is' : '';
      io.tell(`${counted(files.length, 'file')}, ${counted(rows, 'row')}, key ${signature.key_id}${trust}\n`);
    }
    io.tell(`${printable(folder)}: ${verdict}\n`);
    return findings.length === 0 ? 0 : EXIT_REFUSED;
  },
};

function headOf(manifest: Awaited<ReturnType<typeof verifyExport>>['manifest']) {
  if (manifest === undefined) return {};
  const { export_id, tenant, asof_date, rows, files, signature } = manifest;
  return { export_id, tenant, asof_date, rows, files: files.length, key_id: signature.key_id };
}

async function publicKey(path: string): Promise<KeyObject> {
  const pem = await readInput(path);
  try {
    const key = createPublicKey(Buffer.from(pem));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below, as for a key of another kind.
  }
  throw refusal('key_invalid', 'the file holds no Ed25519 key', {
    file: path,
    remedy: 'The exporter writes it: aurum export --public-key FILE',
  });
}
