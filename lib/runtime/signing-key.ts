/**
 * The Ed25519 key that exports are signed with: the PEM file a setting names, else one of this installation in its data
 * folder, made at the first use and readable by its owner alone.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { refusal } from '#lib/domain/errors.ts';

export interface SigningKeyPlace {
  /** Data folder. */
  readonly home: string;
  /** PEM file of a private key (PKCS #8). */
  readonly file?: string | undefined;
}

/** @throws AurumError `signing_key_invalid` when the file holds no private Ed25519 key */
export async function signingKey({ home, file }: SigningKeyPlace): Promise<KeyObject> {
  const path = file ?? join(home, 'keys', 'export-signing.pem');
  if (file === undefined) await makeOnce(path);
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw unusable(path, cause);
  }
  throw unusable(path);
}

/** Whoever comes second, in whatever process, finds the key of the first. */
async function makeOnce(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function unusable(path: string, cause?: unknown) {
  return refusal('signing_key_invalid', 'the file holds no private Ed25519 key', {
    file: path,
    remedy: 'Make one: openssl genpkey -algorithm ed25519 -out FILE',
    cause,
  });
}
