/** What every store of secrets must do. `put` sets a secret from outside. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Secrets } from '#lib/ports/secrets.ts';

export function secretsCases(
  open: () => Secrets,
  put: (source: string, key: string, value: string) => Promise<void>,
): void {
  const fresh = () => `src-${randomBytes(4).toString('hex')}`;

  test('a secret is found by source and key, exactly as it was put', async () => {
    const source = fresh();
    const value = ` it's "quoted" $HOME \`x\`\nsecond line ü\\ `;
    await put(source, 'api_key', value);
    expect(await open().get(source, 'api_key')).toBe(value);
  });

  test('an absent source and an absent key are undefined, not errors', async () => {
    const source = fresh();
    await put(source, 'api_key', 'a');
    expect(await open().get(source, 'token')).toBeUndefined();
    expect(await open().get(fresh(), 'api_key')).toBeUndefined();
  });

  test('a secret that is replaced is the new one at the next call', async () => {
    const [secrets, source] = [open(), fresh()];
    await put(source, 'api_key', 'old');
    expect(await secrets.get(source, 'api_key')).toBe('old');
    await put(source, 'api_key', 'new');
    expect(await secrets.get(source, 'api_key')).toBe('new');
  });

  test('two keys of one source are apart', async () => {
    const source = fresh();
    await put(source, 'user', 'u');
    await put(source, 'password', 'p');
    expect(await open().get(source, 'user')).toBe('u');
    expect(await open().get(source, 'password')).toBe('p');
  });
}
