/**
 * Users of the stack's MinIO, each with one of the policies in knative/platform/minio, by MinIO's administration API: a body
 * that holds a secret is encrypted under the administrator's own (PBKDF2, then AES-GCM as MinIO's `sio` frames it).
 */
import { createCipheriv, createHmac, hash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const POLICIES = join(import.meta.dirname, '../../knative/platform/minio');
const PREFIX = '/minio/admin/v3/';
const PBKDF2_AES_GCM = 2;

export interface MinioUser {
  readonly access_key: string;
  readonly secret_key: string;
}

/** A user with the policy of a role as it is deployed; again, another secret. */
export async function minioUser(role: string): Promise<MinioUser> {
  const user = { access_key: `aurum-${role}`, secret_key: randomBytes(16).toString('hex') };
  const { access_key: accessKey, secret_key: secretKey } = user;
  await administer('add-canned-policy', { name: accessKey }, readFileSync(join(POLICIES, `${role}.json`)));
  const account = Buffer.from(JSON.stringify({ secretKey, status: 'enabled' }));
  await administer('add-user', { accessKey }, encrypted(account));
  const attached = { policyName: accessKey, userOrGroup: accessKey, isGroup: 'false' };
  await administer('set-user-or-group-policy', attached);
  return user;
}

const secretOfAdministrator = () => process.env.AURUM_S3_SECRET_KEY!;

async function administer(
  call: string,
  query: Readonly<Record<string, string>>,
  body: Buffer<ArrayBuffer> | Uint8Array<ArrayBuffer> = Buffer.alloc(0),
): Promise<void> {
  const url = new URL(`${PREFIX}${call}`, process.env.AURUM_S3_ENDPOINT);
  url.search = new URLSearchParams(Object.entries(query).sort()).toString();
  const answer = await fetch(url, { method: 'PUT', headers: signed(url, body), body });
  if (!answer.ok) throw new Error(`MinIO refuses ${call}: ${answer.status} ${await answer.text()}`);
}

/** AWS Signature Version 4 of a PUT. */
function signed(url: URL, body: Uint8Array): Record<string, string> {
  const { AURUM_S3_ACCESS_KEY: access_key, AURUM_S3_REGION: region = 'us-east-1' } = process.env;
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const content = hash('sha256', body);
  const headers = { host: url.host, 'x-amz-content-sha256': content, 'x-amz-date': time };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['PUT', url.pathname, url.search.slice(1), lines.join(''), names, content].join('\n');
  const scope = [time.slice(0, 8), region, 's3', 'aws4_request'];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretOfAdministrator()}`);
  const place = scope.join('/');
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, place, hash('sha256', canonical)].join('\n'));
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${access_key}/${place}, SignedHeaders=${names}, Signature=${signature.toString('hex')}`,
  };
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** salt, algorithm, nonce, then the one and last frame: its associated data are a mark and the seal of nothing. */
function encrypted(content: Buffer): Buffer<ArrayBuffer> {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const key = pbkdf2Sync(secretOfAdministrator(), salt, 8_192, 32, 'sha256');
  const seal = (number: number, associated: Buffer, frame: Buffer) => {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(number);
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, count])).setAAD(associated);
    return Buffer.concat([cipher.update(frame), cipher.final(), cipher.getAuthTag()]);
  };
  const nothing = seal(0, Buffer.alloc(0), Buffer.alloc(0));
  const frame = seal(1, Buffer.concat([Buffer.of(0x80), nothing]), content);
  return Buffer.concat([salt, Buffer.of(PBKDF2_AES_GCM), nonce, frame]);
}
