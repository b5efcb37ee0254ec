/** A PPA contract, stored once per terms. */
import { audited } from '#lib/flows/audit.ts';
import { storeContract } from '#lib/flows/store-contract.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { ppaContract } from '#schemas/ppa-contract.ts';
import { contractExamples } from '#schemas/ppa-examples.ts';
import { ppaContractAnswer } from '#schemas/ppa-routes.ts';

export const trigger = http('POST', '/v1/ppa/contracts', {
  summary: 'Store a PPA contract; the same terms again are the same contract',
  permission: 'ppa:write',
  query: emptyQuery,
  body: ppaContract,
  examples: contractExamples,
  answer: ppaContractAnswer,
  status: 201,
});

export const handler = onRequest(
  trigger,
  audited(storeContract, ({ data: { id, name, contract_hash } }, { tenant }) => ({
    action: 'ppa.contract',
    object: id,
    details: { name, contract_hash },
    event_id: `ppa_contract/${tenant}/${id}`,
  })),
);
