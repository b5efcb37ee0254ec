/**
 * Signs the manifest of an export and checks one. The file's bytes are a function of its content, so that any byte changed
 * shows. Knows keys and JSON; nothing of files or stores.
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { type ExportContent, type ExportManifest, exportManifest } from '#schemas/export.ts';
import { canonicalJson } from './canonical-json.ts';
import { refusal } from './errors.ts';

/** Names a public key: head of the sha256 of its SPKI. */
export function keyId(key: KeyObject): string {
  return hash('sha256', spki(key), 'hex').slice(0, 16);
}

const spki = (key: KeyObject): Buffer =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });

/** @param key Ed25519, private */
export function signedManifest(content: ExportContent, key: KeyObject): ExportManifest {
  const value = sign(null, Buffer.from(canonicalJson(content)), key).toString('base64');
  const public_key = spki(key).toString('base64');
  return { ...content, signature: { algorithm: 'Ed25519', key_id: keyId(key), public_key, value } };
}

/** Text of the manifest's file: one for one content. */
export function manifestText(manifest: ExportManifest): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(manifest)), null, 1)}\n`;
}

/** @throws AurumError (refused) `manifest_unreadable`, `manifest_changed` */
export function readManifest(bytes: Uint8Array): ExportManifest {
  let manifest: ExportManifest;
  try {
    manifest = exportManifest.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw refusal('manifest_unreadable', 'the manifest is not one this platform writes', {
      remedy: 'Fetch the export again.',
      cause,
    });
  }
  if (Buffer.from(manifestText(manifest)).equals(bytes)) return manifest;
  throw refusal(
    'manifest_changed',
    'the manifest says what it said, but not in the bytes it was written in',
    {
      remedy: 'Fetch the export again, without a tool that reformats JSON.',
    },
  );
}

/**
 * Whether the signature is of this content by this key; without a key, by the one the manifest itself names, which proves
 * that nothing changed since it was signed but not by whom.
 */
export function isSigned({ signature, ...content }: ExportManifest, key?: KeyObject): boolean {
  try {
    const named = { key: Buffer.from(signature.public_key, 'base64'), format: 'der', type: 'spki' } as const;
    const by = key ?? createPublicKey(named);
    if (by.asymmetricKeyType !== 'ed25519' || keyId(by) !== signature.key_id) return false;
    if (spki(by).toString('base64') !== signature.public_key) return false;
    return verify(null, Buffer.from(canonicalJson(content)), by, Buffer.from(signature.value, 'base64'));
  } catch {
    // A key or signature that is none signs nothing.
    return false;
  }
}
