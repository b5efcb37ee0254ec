/** A PPA valued at once: on a curve, on a scenario run, with risk by simulation where it is asked for. */
import { audited } from '#lib/flows/audit.ts';
import { valueContract } from '#lib/flows/value-contract.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { valuationExamples } from '#schemas/ppa-examples.ts';
import { ppaValuateAnswer, ppaValuateRequest } from '#schemas/ppa-routes.ts';

export const trigger = http('POST', '/v1/ppa/valuate', {
  summary: 'Value a PPA on a curve or a scenario run, with risk by simulation where asked for',
  permission: 'ppa:write',
  query: emptyQuery,
  body: ppaValuateRequest,
  examples: valuationExamples,
  answer: ppaValuateAnswer,
});

export const handler = onRequest(
  trigger,
  audited(
    valueContract,
    ({ meta: { valuation_hash, contract_id, contract } }, { tenant }) => ({
      action: 'ppa.value',
      object: valuation_hash,
      details: { contract_id, contract },
      event_id: `ppa_value/${tenant}/${valuation_hash}`,
    }),
    { noted: false },
  ),
);
