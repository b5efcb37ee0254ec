/**
 * Spreads a simulation over threads: each takes stripes from a shared counter until none is left, so a slow core takes
 * fewer. Threads start with the first job and stay. The bits are those of one thread.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AurumError, busy } from '#lib/domain/errors.ts';
import { planEnsemble } from '#lib/domain/simulation/plan.ts';
import { mergeOutcomes, type PartialOutcome, stripeCount } from '#lib/domain/simulation/run.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import { cancelled, errorOf, type SimulationReply, type SimulationRequest } from './simulation-message.ts';

export interface WorkerThreadsOptions {
  /** Module that exports `valuations: Valuations`; each thread imports it. */
  readonly entry: URL;
  /** Default: one per core, at most 8. */
  readonly threads?: number;
}

const MAX_THREADS = 8;
const THREAD = new URL('./simulation-thread.ts', import.meta.url);

/** A thread and the jobs it has not answered yet. */
interface SimulationThread {
  readonly worker: Worker;
  readonly waiting: Map<number, PromiseWithResolvers<PartialOutcome>>;
}

export function workerThreadsSimulator(options: WorkerThreadsOptions): Simulator {
  const threads = options.threads ?? Math.min(MAX_THREADS, availableParallelism());
  let pool: Promise<SimulationThread[]> | undefined;
  let jobs = 0;
  let isClosed = false;

  function startedPool(): Promise<SimulationThread[]> {
    if (pool !== undefined) return pool;
    // A job needs all threads of its pool: when one is lost the others go with it and the next job gets new ones.
    const forget = () => {
      if (pool !== starting) return;
      pool = undefined;
      void starting.then(
        (others) => others.forEach(({ worker }) => void worker.terminate()),
        () => undefined,
      );
    };
    const starting = Promise.all(Array.from({ length: threads }, () => startThread(options.entry, forget)));
    pool = starting;
    return starting;
  }

  return {
    async run(job, signal) {
      if (isClosed) throw busy('simulator_closed', 'The simulator is being closed');
      throwIfCancelled(signal);
      // A request without meaning is refused here, before a thread hears of it.
      const plan = planEnsemble(job.request);
      const next = new Int32Array(new SharedArrayBuffer(4));
      const cancel = () => Atomics.store(next, 0, stripeCount(plan));
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        const id = jobs++;
        const started = await startedPool();
        const partials = await Promise.all(started.map((thread) => ask(thread, { id, job, next })));
        throwIfCancelled(signal);
        return mergeOutcomes(job, plan, partials);
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
    async close() {
      isClosed = true;
      const started = await pool?.catch(() => []);
      await Promise.all((started ?? []).map(({ worker }) => worker.terminate()));
    },
  };
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

function ask({ worker, waiting }: SimulationThread, request: SimulationRequest): Promise<PartialOutcome> {
  const answer = Promise.withResolvers<PartialOutcome>();
  waiting.set(request.id, answer);
  // The threads hold the process open only while they work.
  worker.ref();
  worker.postMessage(request);
  return answer.promise;
}

function startThread(entry: URL, lost: () => void): Promise<SimulationThread> {
  const worker = new Worker(THREAD, { workerData: { entry: entry.href }, env: {} });
  const waiting: SimulationThread['waiting'] = new Map();
  const started = Promise.withResolvers<SimulationThread>();
  const ended = (cause: unknown) => {
    const error = new AurumError('fault', 'simulation_thread_failed', 'A simulating thread ended', { cause });
    lost();
    started.reject(error);
    for (const answer of waiting.values()) answer.reject(error);
    waiting.clear();
  };
  worker.on('error', ended).on('exit', (code) => ended(new Error(`the thread ended with code ${code}`)));
  worker.on('message', (reply: SimulationReply) => {
    if (reply.kind === 'ready') started.resolve({ worker, waiting });
    else answered(waiting, reply);
    if (waiting.size === 0) worker.unref();
  });
  return started.promise;
}

function answered(
  waiting: SimulationThread['waiting'],
  reply: Exclude<SimulationReply, { kind: 'ready' }>,
): void {
  const answer = waiting.get(reply.id);
  waiting.delete(reply.id);
  if (reply.kind === 'done') answer?.resolve(reply.outcome);
  else answer?.reject(errorOf(reply.failure));
}
