/** What a valuation was made of, with links to it: curves of a release, a scenario run, the history of volatilities. */
import type { Answer } from '../../../client/aurum.ts';
import { type Child, h } from '../dom.ts';
import { counted, referenceOf } from '../format.ts';
import { fresh } from '../place.ts';

type Meta = Answer<'GET /v1/ppa/valuations/{hash}'>['meta'];
type Provenance = Meta['provenance'];
type Prices = Provenance['reference'];

export function originList({ reference, location, model, code_version }: Provenance): HTMLElement {
  const line = (name: string, value: Child) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
  return h('dl', { class: 'origin' }, [
    line('Reference prices', pricesView(reference)),
    location && line('Prices at the location', pricesView(location)),
    model &&
      line('Volatilities', [
        'estimated from ',
        curveLink('this curve', model.curve_key, model.to),
        `, ${model.from} to ${model.to}, ${counted(model.moves, 'move')}`,
      ]),
    line('Code', code_version),
  ]);
}

function pricesView({ release, run, curve_key, derived_from = [] }: Prices): Child {
  if (run !== null) {
    return [h('a', { href: fresh('scenarios', { run: run.run_id }) }, 'scenario run'), `, its ${run.price}`];
  }
  if (release === null) return 'given with the request';
  const { vendor, asof_date, version } = release;
  const from = `, ${vendor.toUpperCase()} of ${asof_date}, release ${version}`;
  if (curve_key !== null) {
    return [curveLink('this curve', referenceOf({ curve_key, vendor }), asof_date), from];
  }
  const curves = derived_from.flatMap((of, at) => [
    at === 0 ? '' : ' and ',
    curveLink(of.block, referenceOf({ ...of, vendor }), asof_date),
  ]);
  return [curves, ' weighted by their hours', from];
}

const curveLink = (name: string, curve: string, asof: string) =>
  h('a', { href: fresh('market', { curve, asof }) }, name);

/** The quote a month's reference price is, down to its cell; undefined where it is made of others. */
export function quoteOf({ release, run, curve_key }: Prices, month: string): string | undefined {
  if (release === null || run !== null || curve_key === null) return undefined;
  const { vendor, asof_date } = release;
  return fresh('market', { curve: referenceOf({ curve_key, vendor }), asof: asof_date, point: `0:${month}` });
}
