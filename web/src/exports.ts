/** Exports: those made, the files of one of them, and a new one. What is signed in them is checked by `aurum verify-export`. */
import type { Answer, Body, Row } from '../../client/aurum.ts';
import { type Child, h, show } from './dom.ts';
import { clock, count } from './format.ts';
import type { View } from './market/view.ts';
import { fresh, go, linkTo, place } from './place.ts';
import { emptyView, intoSight, problemView, region } from './region.ts';
import { api, fileOf, type Me } from './session.ts';
import { table } from './table.ts';

type Export = Row<'GET /v1/exports'>;
type Request = Body<'POST /v1/exports'>;
type Dimensions = Answer<'GET /v1/curves/dimensions'>['data'];

const FORMATS = ['parquet', 'csv'] as const;

export function exportsView(me: Me): View {
  const list = region();
  const files = region();
  const maker = me.permissions.includes('exports:write') ? makePanel() : null;
  const element = h(
    'div',
    { class: 'stack' },
    h('h1', { class: 'unseen' }, 'Exports'),
    list.element,
    files.element,
    maker,
  );
  let shown: string | null = null;
  const update = () => {
    const id = place().parameters.get('export');
    void list.load('exports', async (signal) => {
      const { meta, data } = await api.get('/v1/exports', { limit: 100 }, { signal });
      return exportsTable(data, id, meta.next_cursor !== null);
    });
    if (id === shown) return;
    shown = id;
    files.show();
    if (id === null) return;
    void files.load('the export', (signal) => filesView(id, signal)).then(() => intoSight(files.element));
  };
  return { element, update };
}

function exportsTable(exports: readonly Export[], id: string | null, isMore: boolean): HTMLElement {
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'Exports', isMore && h('span', { class: 'quiet' }, ` the newest ${exports.length}`)),
    exports.length === 0
      ? emptyView('Nothing has been exported yet. Make an export below.')
      : table(
          'Exports, newest as-of day first',
          [
            { head: 'As of', text: true },
            { head: 'Selection', text: true },
            { head: 'Format', text: true },
            { head: 'Rows' },
            { head: 'Files' },
            { head: 'kB' },
            { head: 'Signature', text: true },
            { head: 'Made', text: true },
          ],
          exports.map((one) => ({
            selected: one.export_id === id,
            cells: [
              h('a', linkTo({ export: one.export_id }), one.asof_date),
              selectionOf(one),
              one.format,
              one.rows === null ? '' : count(one.rows),
              one.files === null ? '' : count(one.files),
              one.bytes === null ? '' : kilobytes(one.bytes),
              h('span', { class: one.state === 'signed' ? 'up' : 'down' }, one.state),
              one.created_at === null ? '' : clock(one.created_at),
            ],
          })),
        ),
  );
}

const kilobytes = (bytes: number) => count(Math.ceil(bytes / 1_000));

const selectionOf = ({ selection }: Pick<Export, 'selection'>): string =>
  Object.entries(selection ?? {})
    .filter(([name]) => name !== 'asof')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || 'all curves';

async function filesView(id: string, signal: AbortSignal): Promise<Child> {
  const { meta, data } = await api.get('/v1/exports/{id}', { id }, { signal });
  const known = new Map(data.files.map((file) => [file.name, file]));
  const trouble = h('div', { 'aria-live': 'assertive' });
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Files of the export' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, `Export of ${data.asof_date}`, h('span', { class: 'quiet' }, ` ${meta.prefix}`)),
      h('a', { ...linkTo({ export: undefined }), class: 'remove', 'aria-label': 'Close the export' }, '×'),
    ),
    table(
      'Files of the export',
      [{ head: 'File', text: true }, { head: 'Rows' }, { head: 'kB' }, { head: 'sha256', text: true }],
      meta.fetch.map(({ name, path }) => {
        const file = known.get(name);
        return {
          cells: [
            downloadButton(name, path, trouble),
            file && count(file.rows),
            file && kilobytes(file.bytes),
            file && h('span', { title: file.sha256 }, file.sha256.slice(0, 16)),
          ],
        };
      }),
    ),
    trouble,
    h(
      'p',
      { class: 'hint' },
      'With all of them in one folder, ',
      h('code', {}, 'aurum verify-export FOLDER'),
      ' names any byte that was changed.',
    ),
  );
}

/** Fetched with the token of this tab: a plain link would be sent without it. */
function downloadButton(file: string, path: string, trouble: HTMLElement): HTMLElement {
  const download = async () => {
    show(trouble);
    try {
      const url = URL.createObjectURL(await fileOf(path));
      h('a', { href: url, download: file }).click();
      URL.revokeObjectURL(url);
    } catch (error) {
      show(trouble, problemView(error, `${file} was not fetched`));
    }
  };
  const onclick = () => void download();
  return h('button', { type: 'button', class: 'link', 'aria-label': `Download ${file}`, onclick }, file);
}

function makePanel(): HTMLElement {
  const part = region();
  void part.load('what can be exported', async (signal) => {
    const { data } = await api.get('/v1/curves/dimensions', { limit: 1 }, { signal });
    return makeForm(data);
  });
  return h('section', { class: 'panel' }, h('h2', {}, 'New export'), part.element);
}

function makeForm({ asof, asset_class }: Dimensions): HTMLElement {
  const trouble = h('div', { 'aria-live': 'assertive' });
  const button = h('button', { type: 'submit', class: 'primary' }, 'Export');
  const days = [...new Set(asof.map(({ asof_date }) => asof_date))].sort().reverse();
  const classes = asset_class.flatMap(({ value }) => (value === null ? [] : [value]));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = [...new FormData(event.target as HTMLFormElement)].filter(([, value]) => value !== '');
    button.disabled = true;
    show(trouble);
    try {
      const { data } = await api.post('/v1/exports', {}, Object.fromEntries(given) as Request);
      go(fresh('exports', { export: data.export_id }));
    } catch (error) {
      show(trouble, problemView(error, 'Nothing was exported'));
    }
    button.disabled = false;
  };
  return h(
    'form',
    { class: 'decide', onsubmit: (event: SubmitEvent) => void submit(event) },
    choice('asof', 'As of', [['', 'newest day'], ...days.map((day) => [day, day] as const)]),
    choice('asset_class', 'Asset class', [['', 'all'], ...classes.map((name) => [name, name] as const)]),
    choice(
      'format',
      'Format',
      FORMATS.map((format) => [format, format] as const),
    ),
    button,
    trouble,
  );
}

const choice = (name: string, label: string, options: readonly (readonly [string, string])[]) =>
  h(
    'label',
    {},
    `${label} `,
    h(
      'select',
      { name },
      options.map(([value, text]) => h('option', { value }, text)),
    ),
  );
