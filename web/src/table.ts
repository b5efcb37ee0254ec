/** Tables of numbers: aligned, with a caption for those who hear them, scrolling within themselves. */
import { type Child, h } from './dom.ts';
import { roving } from './roving.ts';

export interface Column {
  readonly head: Child;
  /** Left for text; numbers stand to the right. */
  readonly text?: boolean;
}

export interface TableRow {
  readonly cells: readonly Child[];
  readonly selected?: boolean;
}

/** The first cell of a row names it. Its links are one stop of the tab key. */
export function table(caption: string, columns: readonly Column[], rows: readonly TableRow[]): HTMLElement {
  const side = (at: number) => (columns[at]?.text === true ? 'text' : 'number');
  const box = h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map(({ head }, at) => h('th', { scope: 'col', class: side(at) }, head)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map(({ cells, selected }) =>
          h(
            'tr',
            { 'aria-current': selected === true ? 'true' : undefined },
            cells.map((cell, at) =>
              at === 0 ? h('th', { scope: 'row', class: side(0) }, cell) : h('td', { class: side(at) }, cell),
            ),
          ),
        ),
      ),
    ),
  );
  roving(box, 'tbody tr');
  return box;
}
