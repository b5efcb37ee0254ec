/** Finds a curve: words, and one choice after the other, each narrowed by those made. Its state is in the address. */
import type { Answer } from '../../../client/aurum.ts';
import { h, show } from '../dom.ts';
import { count, counted, curveName, referenceOf, unitName } from '../format.ts';
import { go, link, linkTo, place } from '../place.ts';
import { emptyView, region } from '../region.ts';
import { roving } from '../roving.ts';
import { api, type Me } from '../session.ts';

type Dimensions = Answer<'GET /v1/curves/dimensions'>;
export type Curve = Dimensions['data']['curves'][number];

const FIELDS = [
  ['asset_class', 'Asset class', 'All asset classes'],
  ['iso', 'ISO', 'All ISOs'],
  ['region', 'Region', 'All regions'],
  ['market', 'Market', 'All markets'],
  ['product', 'Product', 'All products'],
  ['block', 'Block', 'All blocks'],
] as const;
type Field = (typeof FIELDS)[number][0];

const SEARCH_AFTER_MS = 180;
const LISTED = 200;

/** The address of the first curve, with the finder set to its kind. */
export async function goToFirst(signal: AbortSignal): Promise<boolean> {
  const first = await firstCurve(signal);
  if (first === undefined) return false;
  if (signal.aborted) return true;
  // Of a finder that is set already the rest is the user's.
  const isSet = Object.keys(queryOf(place().parameters)).length > 0;
  go(link({ curve: referenceOf(first), ...(isSet ? {} : { asset_class: first.asset_class }) }), 'replace');
  return true;
}

export interface Finder {
  readonly element: HTMLElement;
  /** Follows the address. */
  update(): void;
}

/** @param withOverlay whether a second curve may be laid over the first. */
export function finder({ roles, tenant }: Me, withOverlay: boolean): Finder {
  const found = region({ class: 'found' });
  const selects = new Map(FIELDS.map(([field, label, all]) => [field, select(field, label, all)]));
  const { search, isTyping } = searchBox();
  const summary = h('summary', {}, 'Find a curve');
  const details = h(
    'details',
    { class: 'finder panel', open: matchMedia('(min-width: 900px)').matches },
    summary,
    h(
      'form',
      { role: 'search', 'aria-label': 'Find a curve', onsubmit: (event: Event) => event.preventDefault() },
      [search, h('div', { class: 'picks' }, [...selects.values()])],
    ),
    found.element,
  );
  let asked = '';
  return {
    element: details,
    update() {
      const { parameters } = place();
      const query = queryOf(parameters);
      // Who types is ahead of the address.
      const said = query.q ?? '';
      if (!isTyping() && search.value.trim() !== said) search.value = said;
      // The first curve is on its way, and sets the finder to its kind.
      if (!parameters.has('curve') && Object.keys(query).length === 0) return;
      const text = JSON.stringify(query);
      if (text === asked) {
        markSelected(found.element);
        return;
      }
      asked = text;
      const listed = found.load('curves', async (signal) => {
        const [answer, ...others] = await Promise.all([
          api.get('/v1/curves/dimensions', { ...query, limit: LISTED }, { signal }),
          ...FIELDS.map(([field]) => choicesBut(field, query, signal)),
        ]);
        for (const [at, [field]] of FIELDS.entries())
          fillSelect(selects.get(field)!, (others[at] ?? answer.data)[field], query[field]);
        if (answer.meta.curves === 0 && roles.includes('tenant') && (await isEntitledToNone(signal)))
          return emptyView(`${notEntitled(tenant)}.`, WHO_ENTITLES);
        return curveList(answer, withOverlay);
      });
      void listed.then(() => markSelected(found.element));
    },
  };
}

/** What else could be chosen there with all the other choices as they are; undefined where nothing is chosen. */
async function choicesBut(
  field: Field,
  query: Query,
  signal: AbortSignal,
): Promise<Dimensions['data'] | undefined> {
  if (query[field] === undefined) return undefined;
  const others = Object.fromEntries(Object.entries(query).filter(([name]) => name !== field));
  const { data } = await api.get('/v1/curves/dimensions', { ...others, limit: LISTED }, { signal });
  return data;
}

export const notEntitled = (tenant: string): string => `Tenant ${tenant} is entitled to no curves`;
export const WHO_ENTITLES = 'Somebody with the role admin can change that.';

async function isEntitledToNone(signal: AbortSignal): Promise<boolean> {
  const { meta } = await api.get('/v1/curves/dimensions', { limit: 0 }, { signal });
  return meta.curves === 0;
}

type Query = { q?: string } & Partial<Record<Field, string>>;

function queryOf(parameters: URLSearchParams): Query {
  const names = ['q', ...FIELDS.map(([field]) => field)];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = parameters.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

function searchBox(): { readonly search: HTMLInputElement; isTyping(): boolean } {
  let timer: number | undefined;
  const search = h('input', {
    type: 'search',
    placeholder: 'Search: pjm west on_peak',
    'aria-label': 'Search curves by words',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: (event: Event) => {
      clearTimeout(timer);
      const { value } = event.target as HTMLInputElement;
      timer = setTimeout(() => {
        timer = undefined;
        go(link({ q: value.trim() }), 'replace');
      }, SEARCH_AFTER_MS);
    },
  });
  return { search, isTyping: () => timer !== undefined };
}

/** Not shown before it is known what can be chosen. */
function select(field: Field, label: string, all: string): HTMLSelectElement {
  return h('select', {
    'aria-label': label,
    'data-all': all,
    hidden: true,
    onchange: (event: Event) => go(link({ [field]: (event.target as HTMLSelectElement).value })),
  });
}

/** Hidden where there is nothing to choose. */
function fillSelect(element: HTMLSelectElement, choices: Dimensions['data'][Field], chosen = ''): void {
  const values = choices.flatMap(({ value, curves }) => (value === null ? [] : [{ value, curves }]));
  const isChosen = ({ value }: { value: string }) => value.toLowerCase() === chosen.toLowerCase();
  // What is chosen is said also where the other choices leave nothing of it.
  if (chosen !== '' && !values.some(isChosen)) values.push({ value: chosen, curves: 0 });
  element.hidden = values.length < 2 && chosen === '';
  show(
    element,
    h('option', { value: '' }, element.dataset.all),
    values.map(({ value, curves }) => h('option', { value }, `${value} (${count(curves)})`)),
  );
  element.value = values.find(isChosen)?.value ?? '';
  element.classList.toggle('chosen', chosen !== '');
}

function curveList({ meta, data }: Dimensions, withOverlay: boolean): HTMLElement {
  if (data.curves.length === 0) {
    const { q, ...narrowed } = queryOf(place().parameters);
    const isNarrowed = q !== undefined && Object.keys(narrowed).length > 0;
    const none = Object.fromEntries(FIELDS.map(([field]) => [field, undefined]));
    return isNarrowed
      ? emptyView('None of these is called that.', h('a', linkTo(none), 'Look among all curves.'))
      : emptyView('No curve is called that.', h('a', linkTo({ ...none, q: undefined }), 'Show all.'));
  }
  const more = meta.curves > data.curves.length ? `, the first ${data.curves.length} listed` : '';
  const list = h(
    'ul',
    {},
    data.curves.map((curve) => curveItem(curve, withOverlay)),
  );
  roving(list, 'li');
  const overlay = withOverlay ? h('span', {}, ' + lays one over the chart.') : null;
  return h(
    'div',
    {},
    h('p', { class: 'hint', role: 'status' }, `${counted(meta.curves, 'curve')}${more}.`, overlay),
    list,
  );
}

function curveItem(curve: Curve, withOverlay: boolean): HTMLElement {
  const name = curveName(curve);
  const reference = referenceOf(curve);
  const chosen = {
    curve: reference,
    asof: undefined,
    with: undefined,
    point: undefined,
    tenor: undefined,
  };
  const overlay = () => {
    const others = place().parameters.get('with');
    go(link({ with: others ? `${others},${reference}` : reference }));
  };
  return h(
    'li',
    { 'data-reference': reference },
    h(
      'a',
      linkTo(chosen),
      h('span', { class: 'name' }, name),
      h(
        'span',
        { class: 'quiet' },
        `${curve.asset_class} · ${unitName(curve)} · ${curve.vendor.toUpperCase()}`,
      ),
    ),
    withOverlay
      ? h(
          'button',
          {
            type: 'button',
            class: 'plain',
            onclick: overlay,
            'aria-label': `Compare with ${name}`,
            title: 'Lay over the chart',
          },
          '+',
        )
      : null,
  );
}

function markSelected(box: Element): void {
  const shown = place().parameters.get('curve');
  for (const item of box.querySelectorAll('li[data-reference]')) {
    const reference = item.getAttribute('data-reference')!;
    const isShown = reference === shown || reference.split('.')[0] === shown;
    const anchor = item.querySelector('a')!;
    if (isShown) anchor.setAttribute('aria-current', 'true');
    else anchor.removeAttribute('aria-current');
    if (isShown) showWithin(item as HTMLElement);
  }
}

/** Scrolls the list, never the page. */
function showWithin(item: HTMLElement): void {
  const list = item.parentElement!;
  const top = item.offsetTop - list.offsetTop;
  if (top < list.scrollTop || top + item.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = top - list.clientHeight / 3;
  }
}

/** What a newcomer is shown first: a power curve with months, on-peak where there is one, of what the finder is set to. */
async function firstCurve(signal: AbortSignal): Promise<Curve | undefined> {
  const set = queryOf(place().parameters);
  const power = { tenor_type: 'MONTHLY', asset_class: 'power' } as const;
  for (const query of [{ ...power, ...set }, set, power, {}]) {
    const { data } = await api.get('/v1/curves/dimensions', { limit: LISTED, ...query }, { signal });
    const onPeak = data.curves.filter(({ block }) => block === 'ON_PEAK');
    const first = onPeak.find(({ market }) => market === 'West') ?? onPeak[0] ?? data.curves[0];
    if (first !== undefined) return first;
  }
  return undefined;
}
