/**
 * Works a simulation through, in this thread or spread over many. The answer is the same bits either way.
 */
import type { SimulationJob, SimulationOutcome } from '#lib/domain/simulation/model.ts';

export interface Simulator {
  /** @throws AurumError (refused) naming the field; `simulation_cancelled` when the signal is given. */
  run(job: SimulationJob, signal?: AbortSignal): Promise<SimulationOutcome>;
  close(): Promise<void>;
}
