import { busy } from './errors.ts';

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

/**
 * Tasks in the order they came, at most `limit` at a time: more would only slow each other down.
 * @param most_waiting beyond it a task is refused as busy: whoever asked may be gone before its turn
 */
export function atMost(
  limit: number,
  most_waiting = Number.POSITIVE_INFINITY,
): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (waiting.length >= most_waiting) throw busy('server_busy', 'others wait for this already');
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
