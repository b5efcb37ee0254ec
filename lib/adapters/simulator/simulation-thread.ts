/**
 * The inside of a simulating thread: loads the valuations it is told, then takes stripes of each job until none is left.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Valuations } from '#lib/domain/simulation/model.ts';
import { planEnsemble } from '#lib/domain/simulation/plan.ts';
import {
  type PartialOutcome,
  simulateStripes,
  stripeCount,
  valuationOf,
} from '#lib/domain/simulation/run.ts';
import { buffersOf, failureOf, type SimulationReply, type SimulationRequest } from './simulation-message.ts';

const port = parentPort;
if (port === null) throw new Error('simulation-thread.ts runs in a worker thread only');

const { valuations }: { valuations: Valuations } = await import(workerData.entry);

function work({ job, next }: SimulationRequest): PartialOutcome {
  const plan = planEnsemble(job.request);
  const stripes = stripeCount(plan);
  return simulateStripes(job, plan, valuationOf(job, valuations), () => {
    const stripe = Atomics.add(next, 0, 1);
    return stripe < stripes ? stripe : undefined;
  });
}

port.on('message', (request: SimulationRequest) => {
  const { id } = request;
  try {
    const outcome = work(request);
    port.postMessage({ kind: 'done', id, outcome } satisfies SimulationReply, buffersOf(outcome));
  } catch (error) {
    port.postMessage({ kind: 'failed', id, failure: failureOf(error) } satisfies SimulationReply);
  }
});
port.postMessage({ kind: 'ready' } satisfies SimulationReply);
