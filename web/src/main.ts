/** The desk begins here: who works at it, which view the address asks for. */
import { AurumProblem } from '../../client/aurum.ts';
import './style.css';
import { h, show } from './dom.ts';
import { ingestView } from './ingest/view.ts';
import { marketView, type View } from './market/view.ts';
import { fresh, go, place } from './place.ts';
import { ppaView } from './ppa/view.ts';
import { problemView } from './region.ts';
import { scenariosView } from './scenarios/view.ts';
import { type Me, signOut, whoami } from './session.ts';
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
    addEventListener('hashchange', follow);
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
        const isFirst = shown === undefined;
        shown = next;
        document.title = `${entry.name} · Aurum`;
        show(main, next.element);
        if (!isFirst) main.focus({ preventScroll: true });
      }
      next.update();
    }
    ending = () => removeEventListener('hashchange', follow);
  } catch (error) {
    const status = error instanceof AurumProblem ? error.problem.status : undefined;
    header(undefined, '');
    if (status !== 401 && status !== 403) {
      show(main, problemView(error, 'Could not load the desk'));
      return;
    }
    signOut();
    // Refused with a token: as whom to come instead, beside the reason.
    const reason = status === 403 ? problemView(error, 'The desk cannot be used so') : null;
    show(main, signInView(begin, reason));
  }
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
