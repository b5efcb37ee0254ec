/** What scenarios may be made of. */
import { listDrivers } from '#lib/flows/scenarios.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { driverListAnswer } from '#schemas/scenario.ts';

export const trigger = http('GET', '/v1/scenarios/drivers', {
  summary: 'Drivers with formula, units, source, parameters and an example',
  permission: 'scenarios:read',
  query: emptyQuery,
  answer: driverListAnswer,
});

export const handler = onRequest(trigger, listDrivers);
