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
  const region: Region = {
    element,
    show: (...children) => {
      stop();
      put(element, children);
    },
    load: async (what, work) => {
      stop();
      const mine = new AbortController();
      running = mine;
      element.setAttribute('aria-busy', 'true');
      const notice = setTimeout(() => {
        if (element.childElementCount === 0) show(element, loading(what));
      }, NOTICE_AFTER_MS);
      const answer = await work(mine.signal).catch((error: unknown): Child => {
        const again = () => void region.load(what, work);
        return problemView(error, `Could not load ${what}`, mayPass(error) ? again : undefined);
      });
      clearTimeout(notice);
      if (mine.signal.aborted) return;
      element.removeAttribute('aria-busy');
      put(element, [answer]);
    },
  };
  return region;
}

/** What is drawn anew is still the same thing to who works on it: focus and scrolling stay. */
function put(element: HTMLElement, children: readonly Child[]): void {
  const focused = focusIn(element);
  const place = scrolled(element);
  show(element, ...children);
  focusAgain(element, focused);
  scrollAgain(element, place);
}

function focusIn(element: HTMLElement): string | undefined {
  const focused = document.activeElement;
  return focused !== null && element.contains(focused) ? nameOf(focused) : undefined;
}

function focusAgain(element: HTMLElement, name: string | undefined): void {
  if (name === undefined || document.activeElement !== document.body) return;
  const same = [...element.querySelectorAll<HTMLElement>('[aria-label], a, button, input')];
  same.find((one) => nameOf(one) === name)?.focus({ preventScroll: true });
}

const nameOf = (element: Element): string =>
  `${element.tagName} ${element.getAttribute('aria-label') ?? element.getAttribute('name') ?? element.textContent}`;

const tablesOf = (element: HTMLElement) => element.querySelectorAll<HTMLElement>('.table');

const scrolled = (element: HTMLElement) =>
  new Map([...tablesOf(element)].map((one) => [one.getAttribute('aria-label'), one.scrollTop]));

function scrollAgain(element: HTMLElement, place: ReadonlyMap<string | null, number>): void {
  for (const one of tablesOf(element)) one.scrollTop = place.get(one.getAttribute('aria-label')) ?? 0;
}

const loading = (what: string) => h('p', { class: 'state', role: 'status' }, `Loading ${what}`);

export const emptyView = (what: string, remedy: Child = null): HTMLElement =>
  h('p', { class: 'state', role: 'status' }, what, remedy === null ? null : [' ', remedy]);

/** Of what was asked for, so much is seen before the page is moved to it. */
const SEEN_PX = 160;

/** Brings what was asked for below the page's edge into sight; who sees its head already is not moved. */
export function intoSight(element: HTMLElement): void {
  const { top } = element.getBoundingClientRect();
  if (top > innerHeight - SEEN_PX) element.scrollIntoView({ block: 'start' });
}

/** Whether the same question may be answered later: nobody answered, or whoever did could not now. */
const mayPass = (error: unknown): boolean =>
  !(error instanceof AurumProblem) || error.problem.status >= 500 || error.problem.status === 429;

/** What the API says of an error: what, the remedy, the code; `again` asks once more. */
export function problemView(error: unknown, title: string, again?: () => void): HTMLElement {
  const head = h('strong', {}, title);
  const retry = again && h('button', { type: 'button', onclick: again }, 'Try again');
  if (!(error instanceof AurumProblem)) {
    const reason = error instanceof Error ? error.message : String(error);
    const detail = navigator.onLine ? `The server did not answer (${reason}).` : 'This machine is offline.';
    return h('div', { class: 'problem', role: 'alert' }, head, h('p', {}, detail), retry);
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
    retry,
  );
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | null;
  readonly field: string | null;
}

/** What was accepted and failed later, as it is kept. */
export const failureView = (title: string, { code, message, remedy, field }: Failure): HTMLElement =>
  h(
    'div',
    { class: 'problem', role: 'alert' },
    h('strong', {}, title),
    h('p', {}, message),
    remedy && h('p', {}, remedy),
    h('p', { class: 'code' }, [code, field].filter(Boolean).join(' · ')),
  );
