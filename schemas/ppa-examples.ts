/** Bodies of the PPA routes that may be sent as they are, over the sample curves. */
import type { z } from 'zod';
import type { PpaContractInput } from './ppa-contract.ts';
import type { ppaValuateRequest } from './ppa-routes.ts';

const contract: PpaContractInput = {
  name: 'PJM West on peak',
  kind: 'cfd',
  direction: 'buyer',
  calendar: 'PJM',
  start: '2026-01-01',
  end: '2027-12-31',
  settlement_currency: 'USD',
  volume: { kind: 'baseload', power_mw: 50, block: 'ON_PEAK' },
  price: { kind: 'fixed', strike: 55 },
  discounting: { kind: 'flat', rate: 0.06, compounding: 'annual', day_count: 'ACT/365F' },
};

const valued: z.input<typeof ppaValuateRequest> = {
  contract,
  market: { reference: { source: 'curve', vendor: 'pw', iso: 'PJM', market: 'West' } },
  options: {
    risk: {
      paths: 10_000,
      seed: '7',
      model: { sigma_short: 0.5, reversion_short: 1.5, sigma_long: 0.15, correlation: 0.3 },
    },
  },
};

export const contractExamples = {
  cfd: { summary: 'A contract for difference on 50 MW on peak for two years', value: contract },
};

export const valuationExamples = {
  cfd: {
    summary: 'The contract on the newest curve of PJM West, with its risk',
    description:
      'Power in MW, money in the settlement currency, prices in it per MWh, volatilities and reversion a year, shares 0 to 1.',
    value: valued,
  },
};
