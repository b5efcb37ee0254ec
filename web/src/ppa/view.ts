/** PPA valuations: those made, one of them in full, and a new one from its terms. */
import type { Body, Row } from '../../../client/aurum.ts';
import { h } from '../dom.ts';
import { clock, count } from '../format.ts';
import { jsonForm } from '../json-form.ts';
import type { View } from '../market/view.ts';
import { fresh, go, linkTo, place } from '../place.ts';
import { emptyView, region } from '../region.ts';
import { stateClass } from '../scenarios/view.ts';
import { api, type Me } from '../session.ts';
import { table } from '../table.ts';
import { valuationPanel } from './valuation.ts';

type Request = Body<'POST /v1/ppa/valuate'>;
type Summary = Row<'GET /v1/ppa/valuations'>;

/** A solar contract that is as valid as it is plain; dates are moved to the years to come. */
function firstRequest(): Request {
  const year = new Date().getUTCFullYear() + 1;
  return {
    contract: {
      name: 'Solar, pay as produced',
      kind: 'cfd',
      direction: 'buyer',
      calendar: 'EEX',
      start: `${year}-01-01`,
      end: `${year + 2}-12-31`,
      settlement_currency: 'EUR',
      volume: {
        kind: 'capacity_factor',
        power_mw: 50,
        capacity_factors: [0.12, 0.16, 0.21, 0.25, 0.28, 0.3, 0.3, 0.28, 0.24, 0.19, 0.13, 0.1],
      },
      price: { kind: 'fixed', strike: 45 },
      discounting: { kind: 'flat', rate: 0.06, compounding: 'annual', day_count: 'ACT/365F' },
    },
    market: {
      reference: { source: 'curve', asset_class: 'power', market: 'German', product: 'power', block: 'BASE' },
      capture: { kind: 'rates', rates: [1, 0.98, 0.92, 0.85, 0.8, 0.78, 0.78, 0.82, 0.88, 0.94, 0.99, 1.01] },
    },
    options: {
      risk: {
        paths: 5_000,
        seed: '1',
        model: { sigma_short: 0.6, reversion_short: 2, sigma_long: 0.15, correlation: 0.2 },
      },
    },
  };
}

export function ppaView(me: Me): View {
  const list = region();
  const valuation = valuationPanel();
  const form = jsonForm(
    'Value',
    [{ name: 'request', label: 'Contract, market and options', value: firstRequest(), rows: 26 }],
    async ({ request }) => {
      const { meta } = await api.post('/v1/ppa/valuate', {}, request as Request);
      go(fresh('ppa', { valuation: meta.valuation_hash }));
    },
  );
  const writer = h('section', { class: 'panel' }, h('h2', {}, 'New valuation'), form.element);
  const element = h(
    'div',
    { class: 'stack' },
    list.element,
    valuation.element,
    me.permissions.includes('ppa:write') ? writer : null,
  );
  const update = () => {
    const hash = place().parameters.get('valuation');
    valuation.show(hash);
    void list.load('valuations', async (signal) => {
      const { data } = await api.get('/v1/ppa/valuations', { limit: 100 }, { signal });
      return valuationsTable(data, hash);
    });
  };
  return { element, update };
}

function valuationsTable(valuations: readonly Summary[], hash: string | null): HTMLElement {
  if (valuations.length === 0) return emptyView('No contract has been valued yet. Value one below.');
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'Valuations'),
    table(
      'Valuations, newest first',
      [
        { head: 'Contract', text: true },
        { head: 'NPV' },
        { head: 'Currency', text: true },
        { head: 'State', text: true },
        { head: 'Valued at', text: true },
        { head: 'On', text: true },
        { head: 'Made', text: true },
      ],
      valuations.map((one) => ({
        selected: one.valuation_hash === hash,
        cells: [
          // Contracts of one name are told apart by the hash.
          [
            h('a', linkTo({ valuation: one.valuation_hash }), one.contract),
            h('span', { class: 'quiet', title: one.valuation_hash }, ` ${one.valuation_hash.slice(0, 8)}`),
          ],
          one.npv === null ? '' : count(Math.round(one.npv)).replace('-', '−'),
          one.currency,
          h('span', { class: stateClass(one.state), title: one.error?.message ?? '' }, one.state),
          one.valuation_date,
          one.run_id === null ? one.provenance.reference.source : 'scenario run',
          clock(one.created_at),
        ],
      })),
    ),
  );
}
