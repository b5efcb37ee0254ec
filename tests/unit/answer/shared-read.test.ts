/** One read for many, none of them older than the question. */
import { expect, test } from 'vitest';
import { sharedRead } from '#lib/runtime/answer/shared-read.ts';

function counted() {
  let state = 0;
  let reads = 0;
  const open: (() => void)[] = [];
  const read = sharedRead(async () => {
    reads++;
    const seen = state;
    await new Promise<void>((resolve) => open.push(resolve));
    return seen;
  });
  return {
    read,
    change: () => ++state,
    reads: () => reads,
    finish: async () => {
      open.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a question during a read is answered by the next one, for all who asked meanwhile', async () => {
  const store = counted();
  const first = store.read();
  store.change();
  const later = [store.read(), store.read(), store.read()];
  await store.finish();
  expect(await first).toBe(0);
  await store.finish();
  expect(await Promise.all(later)).toEqual([1, 1, 1]);
  expect(store.reads()).toBe(2);
});

test('a read that fails fails its own questions alone', async () => {
  let tries = 0;
  const read = sharedRead(async () => {
    tries++;
    await new Promise((resolve) => setImmediate(resolve));
    if (tries === 1) throw new Error('away');
    return tries;
  });
  const [failed, next] = [read(), read()];
  await expect(failed).rejects.toThrow('away');
  expect(await next).toBe(2);
  expect(await read()).toBe(3);
});
