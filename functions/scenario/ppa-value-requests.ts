/** `aurum.ppa.request.v1` -> valuation, published and kept. */
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { takeValuationRequest } from '#lib/flows/value-contract.ts';
import { onRecords } from '#lib/runtime/hosts/topic.ts';
import { onTopic } from '#lib/runtime/triggers.ts';

export const trigger = onTopic(ppaRequestTopic.name);

export const handler = onRecords('ppa-value-requests', ppaRequestTopic, takeValuationRequest);
