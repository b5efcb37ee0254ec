/** What the simulating threads know: the valuations a job may name. */
import { type CashflowKernel, kernelValuation } from '#lib/domain/ppa/cashflow-kernel.ts';
import type { Valuations } from '#lib/domain/simulation/model.ts';

export const valuations: Valuations = {
  ppa: (terms) => kernelValuation(terms as CashflowKernel),
};
