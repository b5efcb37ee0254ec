/** A form for what is asked of the API as JSON: sent as it stands, refused by the field's path. */
import { h, show } from './dom.ts';
import { failureView, problemView } from './region.ts';

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
    const given: Record<string, unknown> = {};
    for (const { name, label } of parts) {
      const { value } = areas.get(name)!;
      try {
        given[name] = JSON.parse(value);
      } catch (error) {
        show(trouble, noJsonView(label, value, (error as SyntaxError).message));
        areas.get(name)!.focus();
        return;
      }
    }
    button.disabled = true;
    try {
      await send(given);
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

const noJsonView = (label: string, text: string, message: string) =>
  failureView('Nothing was sent', {
    code: 'body_invalid',
    message: `The text is no JSON${placeIn(text, message)}: ${message.replace(/ in JSON at position.*/s, '')}.`,
    remedy: 'Correct it and send it again.',
    field: label,
  });

/** Where a parser gives up, as an editor counts; not every message of every browser has it. */
function placeIn(text: string, message: string): string {
  const at = /position (\d+)/.exec(message)?.[1];
  if (at === undefined) return '';
  const before = text.slice(0, Number(at)).split('\n');
  return `, line ${before.length}, column ${before.at(-1)!.length + 1}`;
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
