/** A form for what is asked of the API as JSON: sent as it stands, refused by the field's path. */
import { h, show } from './dom.ts';
import { problemView } from './region.ts';

export interface JsonPart {
  readonly name: string;
  readonly label: string;
  readonly value: unknown;
  readonly rows: number;
}

export interface JsonForm {
  readonly element: HTMLElement;
  set(name: string, value: unknown): void;
}

/** @param send gets each part, parsed. */
export function jsonForm(
  action: string,
  parts: readonly JsonPart[],
  send: (given: Readonly<Record<string, unknown>>) => Promise<void>,
): JsonForm {
  const trouble = h('div', { 'aria-live': 'assertive' });
  const areas = new Map(parts.map((part) => [part.name, area(part)]));
  const button = h('button', { type: 'submit', class: 'primary' }, action);
  const submit = async (event: Event) => {
    event.preventDefault();
    show(trouble);
    button.disabled = true;
    try {
      await send(
        Object.fromEntries([...areas].map(([name, { value }]) => [name, JSON.parse(value) as unknown])),
      );
    } catch (error) {
      show(trouble, problemView(error, 'This was not done'));
    }
    button.disabled = false;
  };
  const element = h(
    'form',
    { class: 'json-form', onsubmit: (event: Event) => void submit(event) },
    parts.map(({ name, label }) => h('label', {}, h('span', { class: 'quiet' }, label), areas.get(name)!)),
    h('div', {}, button),
    trouble,
  );
  return {
    element,
    set: (name, value) => {
      areas.get(name)!.value = text(value);
    },
  };
}

/** Lists of numbers on one line. */
const text = (value: unknown) =>
  JSON.stringify(value, null, 2).replace(
    /\[\s+([-\d.,\s]+?)\s+\]/g,
    (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`,
  );

function area({ value, rows, label }: JsonPart): HTMLTextAreaElement {
  const element = h('textarea', { rows, spellcheck: 'false', 'aria-label': label });
  element.value = text(value);
  return element;
}
