/** The desk begins here: who works at it, which view the address asks for. */
import { AurumProblem } from '../../client/aurum.ts';
import './style.css';
import { h, show } from './dom.ts';
import { exportsView } from './exports.ts';
import { ingestView } from './ingest/view.ts';
import { marketView, type View } from './market/view.ts';
import { fresh, go, place } from './place.ts';
import { ppaView } from './ppa/view.ts';
import { problemView } from './region.ts';
import { scenariosView } from './scenarios/view.ts';
import { type Me, placeBefore, SESSION_ENDED, signOut, whoami } from './session.ts';
import { signInView } from './sign-in.ts';
import { stripsView } from './strips.ts';
import { startTheme, themeButton } from './theme.ts';

interface Entry {
  readonly name: string;
  readonly permission: string;
  readonly make: (me: Me) => View;
}

const VIEWS: Readonly<Record<string, Entry>> = {
  market: { name: 'Market', permission: 'curves:read', make: marketView },
  strips: { name: 'Strips', permission: 'curves:read', make: stripsView },
  scenarios: { name: 'Scenarios', permission: 'scenarios:read', make: scenariosView },
  ppa: { name: 'PPA', permission: 'ppa:read', make: ppaView },
  exports: { name: 'Exports', permission: 'exports:read', make: exportsView },
  ingest: { name: 'Ingest', permission: 'ingest:read', make: ingestView },
};
const FIRST = 'market';

const top_bar = document.getElementById('top')!;
const main = document.getElementById('main')!;
const made = new Map<string, View>();
let shown: View | undefined;

async function begin(): Promise<void> {
  made.clear();
  shown = undefined;
  try {
    const me = await whoami();
    const ended = () => {
      ending();
      const code = me.auth === 'development' ? 'token_unauthorised' : 'session_ended';
      enter(code, h('p', { class: 'problem', role: 'alert' }, 'Your session has ended.'));
    };
    ending = () => {
      removeEventListener('hashchange', follow);
      removeEventListener(SESSION_ENDED, ended);
    };
    addEventListener('hashchange', follow);
    addEventListener(SESSION_ENDED, ended);
    const before = placeBefore();
    if (before && location.hash === '') history.replaceState(null, '', before);
    follow();

    function follow(): void {
      const { view } = place();
      const entry = VIEWS[view];
      if (entry === undefined || !me.permissions.includes(entry.permission)) {
        go(fresh(FIRST), 'replace');
        return;
      }
      header(me, view);
      const next = made.get(view) ?? entry.make(me);
      made.set(view, next);
      if (next !== shown) {
        // Not at the very first: whoever loads the page begins at its top.
        const isPlaced = shown !== undefined || main.contains(document.activeElement);
        shown = next;
        document.title = `${entry.name} · Aurum`;
        show(main, next.element);
        if (isPlaced) main.focus({ preventScroll: true });
      }
      next.update();
    }
  } catch (error) {
    const problem = error instanceof AurumProblem ? error.problem : undefined;
    if (problem?.status !== 401 && problem?.status !== 403) {
      header(undefined, '');
      show(
        main,
        problemView(error, 'Could not load the desk', () => void begin()),
      );
      return;
    }
    // Refused with a token: as whom to come instead, beside the reason.
    enter(problem.code, problem.status === 403 ? problemView(error, 'The desk cannot be used so') : null);
  }
}

/** To where one signs in; the address is kept, and so is what it shows afterwards. */
function enter(code: string, reason: HTMLElement | null): void {
  signOut();
  shown = undefined;
  header(undefined, '');
  show(main, signInView(begin, code, reason));
  main.querySelector<HTMLElement>('[autofocus]')?.focus();
}

let ending = () => {};

function header(me: Me | undefined, view: string): void {
  const tabs = Object.entries(VIEWS).filter(([, { permission }]) => me?.permissions.includes(permission));
  show(
    top_bar,
    h('a', { class: 'brand', href: fresh(FIRST) }, 'Aurum'),
    h(
      'nav',
      { 'aria-label': 'Views' },
      tabs.map(([name, entry]) =>
        h('a', { href: fresh(name), 'aria-current': name === view ? 'page' : undefined }, entry.name),
      ),
    ),
    h('div', { class: 'who' }, themeControl, me === undefined ? null : whoControls(me)),
  );
}

function whoControls(me: Me) {
  const who = `${me.roles.join(', ')}${me.roles.includes('tenant') ? ` ${me.tenant}` : ''}`;
  const leave = () => {
    ending();
    signOut();
    void begin();
  };
  return [
    h('span', { class: 'quiet', title: `${me.subject}, tenant ${me.tenant}` }, who),
    me.auth === 'development'
      ? h('button', { type: 'button', class: 'plain', onclick: leave }, 'Switch role')
      : null,
  ];
}

startTheme();
const themeControl = themeButton();
void begin();
