/**
 * A published valuation -> rows of `market.ppa_valuation`, one per delivery month, in one file and one commit; and kept for
 * its tenant, should the process have died that published it. Again, it changes nothing.
 */
import { alertTopic } from '#events/alert.ts';
import type { PpaValued } from '#events/ppa-valuation.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { AurumError } from '#lib/domain/errors.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { PpaStore } from '#lib/ports/ppa.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { PpaValuationRow } from '#schemas/lake.ts';
import { ppaProvenance } from '#schemas/ppa-routes.ts';
import { type PpaValuation, ppaValuation } from '#schemas/ppa-valuation.ts';
import { commitRows } from './commit-rows.ts';
import { toJson, writeOnce } from './json-objects.ts';
import { recordKey } from './tenant-records.ts';

export interface KeepPorts {
  readonly ppa: PpaStore;
  readonly tables: Tables;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly objects: ObjectStore;
}

/** What is no valuation of ours raises an alert and is left alone. */
export async function keepValuation(valued: PpaValued, ports: KeepPorts): Promise<void> {
  const { tenant_id, valuation_hash, valuation_date, finished_at } = valued;
  const { ppa, tables, bus, clock, objects } = ports;
  let rows: readonly PpaValuationRow[];
  try {
    await ppa.requireTenant(tenant_id);
    rows = valuationRows(valued);
  } catch (error) {
    if (error instanceof AurumError && error.retryable) throw error;
    const alert_id = `ppa_valuation_unreadable|${tenant_id}|${valuation_hash}`;
    const alert = {
      alert_id,
      raised_at: clock.now(),
      severity: 'warning',
      code: 'ppa_valuation_unreadable',
    } as const;
    await bus.publish(alertTopic, alert_id, [{ ...alert, message: String(error), source: valuation_hash }]);
    return;
  }
  const version = `${tenant_id}-${valuation_hash}`;
  const file = await tables.stageRows('market.ppa_valuation', { version, at: finished_at }, rows);
  const branch = `ppa_${valuation_date.replaceAll('-', '')}`;
  const summary = { 'aurum.version': version, 'aurum.asof': valuation_date };
  await commitRows(file, { branch, summary, committed_at: finished_at }, tables);
  await ppa.keepValuation(tenant_id, storedOf(valued));
  // As it was published, for when the database is lost.
  await writeOnce(objects, recordKey(tenant_id, 'valuation', valuation_hash), toJson(valued));
}

function storedOf(valued: PpaValued) {
  const { tenant_id, provenance: text, valuation, ...figures } = valued;
  const provenance = ppaProvenance.parse(JSON.parse(text));
  const { curve_key } = provenance.reference;
  return { ...figures, state: 'succeeded', curve_key, provenance, error: null, output: valuation } as const;
}

/** The figures of the whole beside each month; inputs and valuation in full with the first. */
export function valuationRows(valued: PpaValued): readonly PpaValuationRow[] {
  const { valuation_hash, tenant_id, contract_id, run_id, valuation_date, inputs, provenance } = valued;
  const valuation: PpaValuation = ppaValuation.parse(JSON.parse(valued.valuation));
  const { contract, direction, currency, model, npv } = valuation;
  const { contract_hash, market_hash, options_hash } = valuation.inputs;
  const risk = valuation.risk === null ? null : canonicalJson(valuation.risk);
  // Each is canonical by itself: put together they are, too.
  const whole = `{"inputs":${inputs},"provenance":${provenance},"valuation":${valued.valuation}}`;
  return valuation.cashflows.map(({ month, ...cashflow }, index) => ({
    ...{ valuation_hash, tenant_id, contract_id, run_id, asof_date: valuation_date },
    ...{ contract, direction, currency, model, contract_hash, market_hash, options_hash, npv },
    contract_month: month,
    ...cashflow,
    risk,
    valuation: index === 0 ? whole : null,
  }));
}
