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
    'with its file and the stretches of it that differ. With --key the signature must be of that key, which comes from the',
    'exporter (`aurum export --public-key FILE`): then the export is `proven`. Without it the key in the manifest is used and',
    'the export is `consistent`: nothing changed since it was signed, but whoever forges it can sign it, too. Exit 0 when it is',
    'proven or consistent, 2 when anything is changed or the key is another. One JSON line goes to stdout.',
  ].join('\n'),
  options: { key: { value: 'FILE', description: "the exporter's public key, PEM" } },
  run: async ({ positionals, options }, io) => {
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) {
      throw usageError('folder_missing', 'name one folder', 'verify-export');
    }
    const key = options.key === undefined ? undefined : await publicKey(options.key);
    const { manifest, findings, verdict } = await verifyExport(exportFolder(folder), key);
    for (const { code, file, message } of findings)
      io.tell(`${printable(`${file}: ${message}`)} (${code})\n`);
    const trusted_key = key !== undefined;
    await io.out(`${JSON.stringify({ folder, verdict, ...headOf(manifest), trusted_key, findings })}\n`);
    if (manifest !== undefined) {
      const { rows, files, signature } = manifest;
      const trust =
        key === undefined ? ', taken from the manifest itself: pass --key to know whose it is' : '';
      io.tell(`${counted(files.length, 'file')}, ${counted(rows, 'row')}, key ${signature.key_id}${trust}\n`);
    }
    const told = verdict === 'changed' ? counted(findings.length, 'finding') : verdict;
    io.tell(`${printable(folder)}: ${told}\n`);
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
