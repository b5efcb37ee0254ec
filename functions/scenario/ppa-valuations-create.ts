/** A PPA valuation put in the queue: `aurum.ppa.request.v1`. */
import { audited } from '#lib/flows/audit.ts';
import { queueValuation } from '#lib/flows/value-contract.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { valuationExamples } from '#schemas/ppa-examples.ts';
import { ppaQueuedAnswer, ppaValuateRequest } from '#schemas/ppa-routes.ts';

export const trigger = http('POST', '/v1/ppa/valuations', {
  summary: 'Have a PPA valued without waiting for it; GET /v1/ppa/valuations/{hash} has it when it is done',
  permission: 'ppa:write',
  query: emptyQuery,
  body: ppaValuateRequest,
  examples: valuationExamples,
  answer: ppaQueuedAnswer,
  status: 202,
});

export const handler = onRequest(
  trigger,
  audited(queueValuation, ({ data: { valuation_hash, contract_id, contract } }, { tenant }) => ({
    action: 'ppa.value',
    object: valuation_hash,
    details: { contract_id, contract },
    event_id: `ppa_value/${tenant}/${valuation_hash}`,
  })),
);
