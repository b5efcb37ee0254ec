/**
 * One read for all who wait for it, and never one that began before they asked: everybody gets a value at least as new as
 * their question, at the cost of two reads under way at most.
 */
export function sharedRead<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    const mine = read();
    running = mine;
    const end = () => {
      if (running === mine) running = undefined;
    };
    mine.then(end, end);
    return mine;
  };
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(
      () => later(),
      () => later(),
    );
    return next;
  };
  function later(): Promise<T> {
    next = undefined;
    return begin();
  }
}
