/**
 * Simulates in the calling thread: for the command line, tests and bench, where nothing waits on the event loop.
 * Once begun a job is not cancelled: nothing else gets a turn that could ask for it.
 */
import type { Valuations } from '#lib/domain/simulation/model.ts';
import { simulate, valuationOf } from '#lib/domain/simulation/run.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import { cancelled } from './simulation-message.ts';

export function inlineSimulator(valuations: Valuations): Simulator {
  return {
    async run(job, signal) {
      if (signal?.aborted === true) throw cancelled();
      return simulate(job, valuationOf(job, valuations));
    },
    async close() {},
  };
}
