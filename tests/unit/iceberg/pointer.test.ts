import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { canonicalJson, createOnce, movePointer, readPointer } from '#lib/adapters/pointer.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';

describe('pointers', () => {
  test('of many that move a pointer from one state, one succeeds', async () => {
    const objects = memoryObjectStore();
    const ids = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const created = await Promise.all(ids.map((id) => movePointer(objects, 'p.json', undefined, id)));
    expect(created.filter(Boolean)).toHaveLength(1);
    const from = await readPointer(objects, 'p.json');
    const moved = await Promise.all(ids.map((id) => movePointer(objects, 'p.json', from, `${id}'`)));
    expect(moved.filter(Boolean)).toHaveLength(1);
  });

  test('a move whose answer was lost and which the client repeated is not taken for a conflict', async () => {
    const objects = memoryObjectStore();
    const repeating: ObjectStore = {
      ...objects,
      put: async (...put) => {
        await objects.put(...put);
        return objects.put(...put);
      },
    };
    expect(await movePointer(repeating, 'p.json', undefined, 'c1')).toBe(true);
    expect(await movePointer(repeating, 'p.json', await readPointer(objects, 'p.json'), 'c2')).toBe(true);
    expect((await readPointer(objects, 'p.json'))?.commit).toBe('c2');
  });

  test('a pointer that is none is a fault that names its key', async () => {
    const objects = memoryObjectStore();
    for (const body of ['', '{}', '{"commit":1}', '{"commit":"a","x":1}', '<html>']) {
      await objects.put('p.json', body);
      await expect(readPointer(objects, 'p.json')).rejects.toMatchObject({ code: 'record_invalid' });
    }
  });

  test('an immutable object is created again only as it is', async () => {
    const objects = memoryObjectStore();
    await createOnce(objects, 'k', Buffer.from('one'));
    await createOnce(objects, 'k', Buffer.from('one'));
    await expect(createOnce(objects, 'k', Buffer.from('two'))).rejects.toMatchObject({
      code: 'object_differs',
    });
  });

  test('canonical JSON does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });
});

describe('turns', () => {
  test('tasks of one name run one after another, also after a failure; other names do not wait', async () => {
    const inTurn = inTurns();
    const order: string[] = [];
    const slow = inTurn('main', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push('slow');
      throw new Error('failed');
    });
    const next = inTurn('main', async () => order.push('next'));
    const other = inTurn('eod', async () => order.push('other'));
    await expect(slow).rejects.toThrow('failed');
    await Promise.all([next, other]);
    expect(order).toEqual(['other', 'slow', 'next']);
  });
});
