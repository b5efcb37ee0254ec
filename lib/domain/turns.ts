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
