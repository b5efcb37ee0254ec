/** Two days of PW and one of EUGP, released through the whole chain; and what this folder's tests value on them. */
import type { Topic } from '#events/topic.ts';
import type { Caller } from '#lib/domain/access.ts';
import { queueValuation, valueContract } from '#lib/flows/value-contract.ts';
import { ppaValuateRequest } from '#schemas/ppa-routes.ts';
import type { ChainPorts } from '#tests/fixtures/chain.ts';
import { memorySql, ON_PEAK, ppaPorts, WEST } from '#tests/fixtures/ppa.ts';
import { releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

export const OLD = '2025-09-11';
export const NEW = '2025-09-12';
/** A tenant that has bought what the contracts are valued on. */
export const BUYER = tenantWith({ vendor: 'pw', asset_class: null, region: null });

let names = 0;
/** Terms no other test values. */
export const terms = (part: object = {}) => ({ ...ON_PEAK, name: `contract ${names++}`, ...part });
export const asked = (part: object = {}) =>
  ppaValuateRequest.parse({ contract: terms(), market: { reference: WEST }, ...part });

/** Prices of months from 2026 on. */
export const prices = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    month: `${2026 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01`,
    price: 50 + (index % 7),
  }));
export const BY_HAND = {
  source: 'given',
  block: 'ON_PEAK',
  currency: 'USD',
  per_unit: 'MWh',
  prices: prices(24),
};

export type ValuationPorts = ReturnType<typeof ppaPorts>;

/** Stores of valuations, empty, beside the releases; staff's tenant and one more are set up. */
export async function valuationPorts(released: ChainPorts): Promise<ValuationPorts> {
  const ports = ppaPorts(released, memorySql());
  await ports.sql.transaction('aurum_admin', (tx) =>
    tx.query("INSERT INTO tenant (id, name) VALUES ('acme', 'Acme')"),
  );
  return ports;
}

export async function valuationSite() {
  const released = await releasedDays([
    { vendor: 'pw', day: OLD, seed: 1 },
    { vendor: 'pw', day: NEW, seed: 2 },
    { vendor: 'eugp', day: NEW },
  ]);
  const ports = await valuationPorts(released.ports);
  const recordsOf = async <Value>(topic: Topic<Value>): Promise<Value[]> => {
    const records: Value[] = [];
    for await (const { value } of ports.bus.read(topic)) records.push(value);
    return records;
  };
  return {
    ports,
    value: (part: object = {}, caller: Caller = STAFF) => valueContract({ body: asked(part) }, ports, caller),
    queue: (part: object = {}, caller: Caller = STAFF) =>
      queueValuation({ body: asked(part) }, ports, caller),
    recordsOf,
    last: async <Value>(topic: Topic<Value>) => (await recordsOf(topic)).at(-1)!,
  };
}
