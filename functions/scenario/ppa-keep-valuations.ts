/** `aurum.ppa.valuation.v1` -> `market.ppa_valuation`. */
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import { keepValuation } from '#lib/flows/keep-valuation.ts';
import { onRecords } from '#lib/runtime/hosts/topic.ts';
import { onTopic } from '#lib/runtime/triggers.ts';

export const trigger = onTopic(ppaValuationTopic.name);

export const handler = onRecords('ppa-keep-valuations', ppaValuationTopic, keepValuation);
