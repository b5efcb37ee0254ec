/**
 * What passes between a simulator and its threads: jobs with the counter they share, partial outcomes with their buffers
 * handed over, errors with all their fields. Knows nothing of prices.
 */
import { AurumError, type ErrorDetail, type ErrorKind, refusal } from '#lib/domain/errors.ts';
import type { SimulationJob } from '#lib/domain/simulation/model.ts';
import type { PartialOutcome } from '#lib/domain/simulation/run.ts';

/** From the simulator to every thread. */
export interface SimulationRequest {
  readonly id: number;
  readonly job: SimulationJob;
  /** Number of the next stripe nobody has taken, in shared memory. */
  readonly next: Int32Array;
}

/** From a thread to the simulator. */
export type SimulationReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly outcome: PartialOutcome }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: SimulationFailure };

/** An AurumError as a message carries it. */
export type SimulationFailure = ErrorDetail & { readonly error_kind: ErrorKind };

export function failureOf(error: unknown): SimulationFailure {
  if (error instanceof AurumError) return { error_kind: error.kind, ...error.detail() };
  const reason = error instanceof Error ? error.message : String(error);
  return { error_kind: 'fault', code: 'simulation_failed', message: `The simulation failed: ${reason}` };
}

export function errorOf({ error_kind, code, message, ...rest }: SimulationFailure): AurumError {
  return new AurumError(error_kind, code, message, rest);
}

export const cancelled = (): AurumError =>
  refusal('simulation_cancelled', 'The simulation was cancelled', { remedy: 'Start it again.' });

/** Buffers that change hands instead of being copied. */
export function buffersOf({ stripes, counts }: PartialOutcome): ArrayBuffer[] {
  const arrays = stripes.flatMap((stripe) => Object.values(stripe).filter(ArrayBuffer.isView));
  return [counts, ...arrays].flatMap((array) => (array === undefined ? [] : [array.buffer as ArrayBuffer]));
}
