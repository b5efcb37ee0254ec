/**
 * Tasks of one name one after another within this process. Never what makes concurrent writers correct (the conditional
 * put is), but what keeps a hundred of them from making a hundred attempts each and leaving what the lost ones wrote.
 */
export function inTurns(): <Result>(name: string, task: () => Promise<Result>) => Promise<Result> {
  const last = new Map<string, Promise<unknown>>();
  return (name, task) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(task, task);
    const done = () => {
      if (last.get(name) === mine) last.delete(name);
    };
    last.set(name, mine);
    mine.then(done, done);
    return mine;
  };
}

/** Tasks in the order they came, at most `limit` at a time: more would only slow each other down. */
export function atMost(limit: number): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((go) => waiting.push(go));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
