/** A part of the page that loads: shows that it does, then what came, that there is nothing, or what went wrong. */
import { AurumProblem } from '../../client/aurum.ts';
import { type Child, h, show } from './dom.ts';

/** Sooner than this a notice would only flicker. */
const NOTICE_AFTER_MS = 150;

export interface Region {
  readonly element: HTMLElement;
  /** The newest call wins; one that is overtaken is cancelled and shows nothing. */
  load(what: string, work: (signal: AbortSignal) => Promise<Child>): Promise<void>;
  show(...children: readonly Child[]): void;
}

export function region(properties: Record<string, string> = {}): Region {
  const element = h('div', { ...properties, class: `region ${properties.class ?? ''}` });
  let running: AbortController | undefined;
  const stop = () => {
    running?.abort();
    element.removeAttribute('aria-busy');
  };
  return {
    element,
    show: (...children) => {
      stop();
      show(element, ...children);
    },
    load: async (what, work) => {
      stop();
      const mine = new AbortController();
      running = mine;
      const focused = focusIn(element);
      element.setAttribute('aria-busy', 'true');
      const notice = setTimeout(() => {
        if (element.childElementCount === 0) show(element, loading(what));
      }, NOTICE_AFTER_MS);
      const answer = await work(mine.signal).catch((error: unknown) =>
        problemView(error, `Could not load ${what}`),
      );
      clearTimeout(notice);
      if (mine.signal.aborted) return;
      element.removeAttribute('aria-busy');
      const place = scrolled(element);
      show(element, answer);
      focusAgain(element, focused);
      scrollAgain(element, place);
    },
  };
}

/** What is drawn anew is still the same thing to who works on it: focus and scrolling stay. */
const focusIn = (element: HTMLElement): string | null | undefined =>
  element.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : undefined;

function focusAgain(element: HTMLElement, label: string | null | undefined): void {
  if (label == null || document.activeElement !== document.body) return;
  const same = [...element.querySelectorAll<HTMLElement>('[aria-label]')];
  same.find((one) => one.getAttribute('aria-label') === label)?.focus({ preventScroll: true });
}

const tablesOf = (element: HTMLElement) => element.querySelectorAll<HTMLElement>('.table');

const scrolled = (element: HTMLElement) =>
  new Map([...tablesOf(element)].map((one) => [one.getAttribute('aria-label'), one.scrollTop]));

function scrollAgain(element: HTMLElement, place: ReadonlyMap<string | null, number>): void {
  for (const one of tablesOf(element)) one.scrollTop = place.get(one.getAttribute('aria-label')) ?? 0;
}

const loading = (what: string) => h('p', { class: 'state', role: 'status' }, `Loading ${what}`);

export const emptyView = (what: string, remedy: Child = null): HTMLElement =>
  h('p', { class: 'state', role: 'status' }, what, remedy === null ? null : [' ', remedy]);

/** What the API says of an error: what, the remedy, the code. */
export function problemView(error: unknown, title: string): HTMLElement {
  const head = h('strong', {}, title);
  if (!(error instanceof AurumProblem)) {
    const reason = error instanceof Error ? error.message : String(error);
    const detail = navigator.onLine ? `The server did not answer (${reason}).` : 'This machine is offline.';
    return h('div', { class: 'problem', role: 'alert' }, head, h('p', {}, detail));
  }
  const { detail, remedy, code, status, field } = error.problem;
  const at = field === undefined ? '' : ` · ${field}`;
  return h(
    'div',
    { class: 'problem', role: 'alert' },
    head,
    h('p', {}, detail),
    remedy === undefined ? null : h('p', {}, remedy),
    h('p', { class: 'code' }, `${code} · ${status}${at}`),
  );
}
