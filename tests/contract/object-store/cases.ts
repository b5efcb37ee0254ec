/**
 * What every object store must do, whatever is behind it. `open` gives a store whose bucket may hold other objects:
 * each case works below a prefix of its own. Keys are ones that MinIO takes too.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AurumError } from '#lib/domain/errors.ts';
import type {
  ObjectEntry,
  ObjectStore,
  ObjectVersionEntry,
  VersionedObjectStore,
} from '#lib/ports/object-store.ts';

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

export async function listed(store: ObjectStore, prefix: string): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = [];
  for await (const entry of store.list(prefix)) entries.push(entry);
  return entries;
}

async function stored(store: ObjectStore, ...[key, body, options]: Parameters<ObjectStore['put']>) {
  const result = await store.put(key, body, options);
  if (result.outcome !== 'stored') throw new Error(`put ${key} was refused`);
  return result.etag;
}

async function versions(store: VersionedObjectStore, prefix: string): Promise<ObjectVersionEntry[]> {
  const entries: ObjectVersionEntry[] = [];
  for await (const entry of store.listVersions(prefix)) entries.push(entry);
  return entries;
}

export function objectStoreCases(name: string, open: () => VersionedObjectStore): void {
  describe(`object store: ${name}`, () => {
    const at = (...parts: string[]) => [`case-${randomUUID()}`, ...parts].join('/');

    it('gives back bytes, type-less metadata, etag and time as they were put', async () => {
      const store = open();
      const key = at('a.bin');
      const body = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      const before_ms = Date.now();
      const etag = await stored(store, key, body, {
        contentType: 'application/octet-stream',
        metadata: { Vendor: 'pw', file: 'EOD PW+é €.xlsx', blank: ' x ', empty: '' },
      });
      const object = await store.get(key);
      expect(object?.body).toEqual(body);
      expect(object?.etag).toBe(etag);
      expect(etag).toMatch(/^[0-9a-f]{32}$/);
      expect(object?.metadata).toEqual({ vendor: 'pw', file: 'EOD PW+é €.xlsx', blank: ' x ', empty: '' });
      expect(Math.abs(Date.parse(object?.last_modified ?? '') - before_ms)).toBeLessThan(60_000);
      const { body: _, ...facts } = object!;
      expect(await store.head(key)).toEqual(facts);
    });

    it('takes text as UTF-8, and an empty body', async () => {
      const store = open();
      const key = at('t');
      await stored(store, key, 'prix: 3 €');
      expect(text((await store.get(key))?.body)).toBe('prix: 3 €');
      await stored(store, key, '');
      expect((await store.get(key))?.body.byteLength).toBe(0);
    });

    it('does not share memory with its callers', async () => {
      const store = open();
      const key = at('t');
      const body = Buffer.from('abc');
      await stored(store, key, body);
      body.fill(0);
      const first = await store.get(key);
      first?.body.fill(1);
      expect(text((await store.get(key))?.body)).toBe('abc');
    });

    it('answers undefined for what is not there', async () => {
      const store = open();
      expect(await store.get(at('none'))).toBeUndefined();
      expect(await store.head(at('none'))).toBeUndefined();
      expect(await listed(store, at(''))).toEqual([]);
      await store.delete(at('none'));
    });

    it('creates once with expect absent, and again after a delete', async () => {
      const store = open();
      const key = at('once');
      await stored(store, key, 'first', { expect: 'absent' });
      expect(await store.put(key, 'second', { expect: 'absent' })).toEqual({ outcome: 'refused' });
      expect(text((await store.get(key))?.body)).toBe('first');
      await store.delete(key);
      await stored(store, key, 'third', { expect: 'absent' });
      expect(text((await store.get(key))?.body)).toBe('third');
    });

    it('replaces only the content named by its etag', async () => {
      const store = open();
      const key = at('pointer');
      const one = await stored(store, key, '1');
      const two = await stored(store, key, '2', { expect: { etag: one } });
      expect(await store.put(key, '3', { expect: { etag: one } })).toEqual({ outcome: 'refused' });
      expect(await store.head(key)).toMatchObject({ etag: two });
      const missing = at('missing');
      expect(await store.put(missing, 'x', { expect: { etag: one } })).toEqual({ outcome: 'refused' });
      expect(await store.head(missing)).toBeUndefined();
    });

    it('lets exactly one of 50 creators at once win', async () => {
      const store = open();
      const key = at('race');
      const bodies = Array.from({ length: 50 }, (_, i) => `writer ${i}`);
      const results = await Promise.all(bodies.map((body) => store.put(key, body, { expect: 'absent' })));
      const winners = bodies.filter((_, i) => results[i]?.outcome === 'stored');
      expect(winners).toHaveLength(1);
      expect(text((await store.get(key))?.body)).toBe(winners[0]);
    });

    it('lets exactly one of 20 replacers at once win, round after round', async () => {
      const store = open();
      const key = at('pointer');
      let etag = await stored(store, key, 'round 0');
      for (let round = 1; round <= 5; round++) {
        const puts = Array.from({ length: 20 }, (_, i) =>
          store.put(key, `round ${round} by ${i}`, { expect: { etag } }),
        );
        const won = (await Promise.all(puts)).filter((one) => one.outcome === 'stored');
        expect(won).toHaveLength(1);
        etag = won[0]!.etag;
        expect((await store.head(key))?.etag).toBe(etag);
      }
    });

    it('reads an object only while it has the given etag', async () => {
      const store = open();
      const key = at('read');
      const old = await stored(store, key, 'old');
      expect(text((await store.get(key, { etag: old }))?.body)).toBe('old');
      const fresh = await stored(store, key, 'new');
      expect(await store.get(key, { etag: old })).toBeUndefined();
      expect(text((await store.get(key, { etag: fresh }))?.body)).toBe('new');
    });

    it('lists below a prefix in the order of UTF-8 bytes, with sizes and etags', async () => {
      const store = open();
      const base = at('list');
      const names = ['b', 'a/1', 'a/10', 'a/2', 'a b+c', 'é', 'ｚ', '😀', 'A', 'ab'];
      const etags = new Map<string, string>();
      for (const name of names) etags.set(`${base}/${name}`, await stored(store, `${base}/${name}`, name));
      await stored(store, `${base}2/other`, 'x');
      const inOrder = names
        .map((one) => `${base}/${one}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const found = await listed(store, `${base}/`);
      expect(found.map((one) => one.key)).toEqual(inOrder);
      for (const one of found) {
        expect(one.etag).toBe(etags.get(one.key));
        expect(one.size).toBe(Buffer.byteLength(one.key.slice(base.length + 1)));
        expect(new Date(one.last_modified).toISOString()).toBe(one.last_modified);
      }
      expect((await listed(store, `${base}/a`)).map((one) => one.key)).toEqual(
        inOrder.filter((key) => key.startsWith(`${base}/a`)),
      );
    });

    it('lists more objects than fit one page', async () => {
      const store = open();
      const base = at('many');
      const keys = Array.from({ length: 1005 }, (_, i) => `${base}/${String(i).padStart(5, '0')}`);
      for (let i = 0; i < keys.length; i += 50) {
        await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, '')));
      }
      expect((await listed(store, `${base}/`)).map((one) => one.key)).toEqual(keys);
      expect((await versions(store, `${base}/`)).map((one) => one.key)).toEqual(keys);
    });

    it('lists every version of raw objects, oldest first, also behind a delete', async () => {
      const store = open();
      const base = `raw/${at('versions')}`;
      const names = ['b é+.xlsx', 'a.xlsx'];
      const etags = new Map<string, string[]>();
      for (const body of ['one', 'two', 'three']) {
        for (const name of names) {
          const key = `${base}/${name}`;
          etags.set(key, [...(etags.get(key) ?? []), await stored(store, key, body)]);
        }
      }
      await store.delete(`${base}/a.xlsx`);
      const found = await versions(store, `${base}/`);
      expect(found.map(({ key, etag }) => [key, etag])).toEqual(
        names
          .toReversed()
          .flatMap((name) => etags.get(`${base}/${name}`)!.map((etag) => [`${base}/${name}`, etag])),
      );
      for (const { key, version_id, etag, size, last_modified } of found) {
        expect(version_id).toBeDefined();
        const object = await store.get(key, { version_id: version_id! });
        expect(object).toMatchObject({ etag, version_id });
        expect(object?.body.byteLength).toBe(size);
        expect(new Date(last_modified).toISOString()).toBe(last_modified);
      }
      expect(await versions(store, `${base}/none`)).toEqual([]);
    });

    it('keeps every version of a raw object readable, also behind a delete', async () => {
      const store = open();
      const key = `raw/${at('w.xlsx')}`;
      await stored(store, key, 'one');
      const one = await store.head(key);
      await stored(store, key, 'two');
      const two = await store.get(key);
      expect(one?.version_id).toBeDefined();
      expect(two?.version_id).not.toBe(one?.version_id);
      expect(text((await store.get(key, { version_id: one!.version_id! }))?.body)).toBe('one');
      await store.delete(key);
      expect(await store.get(key)).toBeUndefined();
      expect(await listed(store, key)).toEqual([]);
      expect(text((await store.get(key, { version_id: two!.version_id! }))?.body)).toBe('two');
      expect(await store.get(key, { version_id: randomUUID() })).toBeUndefined();
      await stored(store, key, 'three', { expect: 'absent' });
      expect(text((await store.get(key))?.body)).toBe('three');
    });

    it('refuses keys and metadata that S3 cannot hold, before asking it', async () => {
      const store = open();
      for (const key of ['', 'x'.repeat(1025), 'é'.repeat(513), 'a\0b', 'a\ud800']) {
        for (const call of [
          () => store.put(key, ''),
          () => store.get(key),
          () => store.head(key),
          () => store.delete(key),
        ]) {
          const error = await call().catch((caught: unknown) => caught);
          expect(error).toBeInstanceOf(AurumError);
          expect(error).toMatchObject({ kind: 'refused', code: 'object_key_invalid' });
        }
      }
      const long = `${at('long')}/${'x'.repeat(200)}/`.padEnd(900, '0123456789/');
      await stored(store, long, 'long');
      expect(await store.head(long)).toBeDefined();
      for (const metadata of [{ 'a b': '1' }, { '': '1' }, { a: 'x'.repeat(2048) }]) {
        await expect(store.put(at('m'), '', { metadata })).rejects.toMatchObject({
          code: 'object_metadata_invalid',
        });
      }
    });
  });
}
