/** Two ways in: this machine vouches for a role that is chosen, or an identity provider signs people in before the desk. */
import { AurumProblem } from '../../client/aurum.ts';
import { h, show } from './dom.ts';
import { problemView } from './region.ts';
import { keepToken, mayVouchItself, type Role, signIn, signInThere } from './session.ts';

const ROLES: readonly (readonly [Role, string])[] = [
  ['admin', 'sees and does everything: the one to look around with'],
  ['analyst', 'curves, lineage, scenarios and PPA; sees ingest, changes nothing there'],
  ['ops', 'curves and ingest: uploads workbooks, decides on what is held'],
  ['tenant', 'a client: the curves it is entitled to, its own scenarios and contracts'],
];

/** What was chosen last: who is refused afterwards corrects it and does not begin anew. */
let asked: { readonly role: Role; readonly tenant: string } = { role: 'admin', tenant: 'acme' };

/** Not the API's own: what stands before it answered. */
const FROM_BEFORE = ['session_ended', 'answer_unexpected'];

/**
 * @param code why nobody is signed in.
 * @param reason said beside it; why somebody who was signed in is here again.
 */
export function signInView(
  signedIn: () => Promise<void>,
  code: string,
  reason: HTMLElement | null,
): HTMLElement {
  const element = h('section', { class: 'panel sign-in' });
  const byProvider = () => show(element, providerView(signedIn, reason));
  if (mayVouchItself() && !FROM_BEFORE.includes(code)) show(element, roleView(signedIn, byProvider, reason));
  else byProvider();
  return element;
}

/** @param byProvider shows the other way, where this machine turns out not to vouch for anybody. */
function roleView(signedIn: () => Promise<void>, byProvider: () => void, reason: HTMLElement | null) {
  const trouble = h('div', {}, reason);
  const tenant = h('input', {
    name: 'tenant',
    value: asked.tenant,
    pattern: '[a-z0-9][a-z0-9\\-]{0,62}',
    required: true,
    disabled: asked.role !== 'tenant',
    'aria-label': 'Tenant',
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const role = new FormData(event.target as HTMLFormElement).get('role') as Role;
    asked = { role, tenant: tenant.value };
    try {
      await signIn(role, role === 'tenant' ? tenant.value : undefined);
    } catch (error) {
      if (error instanceof AurumProblem && error.problem.code === 'session_forbidden') byProvider();
      else show(trouble, problemView(error, titleOf(error)));
      return;
    }
    await signedIn();
  };
  const chosen = (event: Event) => {
    tenant.disabled = (event.target as HTMLInputElement).value !== 'tenant';
  };
  return [
    h('h1', {}, 'Sign in'),
    h('p', { class: 'quiet' }, 'No password on this machine: choose the role to work in.'),
    h(
      'form',
      { onsubmit: (event: SubmitEvent) => void submit(event), onchange: chosen },
      h(
        'fieldset',
        {},
        h('legend', {}, 'Role'),
        ROLES.map(([role, may]) => roleChoice(role, may, tenant)),
      ),
      h('button', { type: 'submit', class: 'primary', autofocus: true }, 'Continue'),
    ),
    trouble,
  ];
}

const titleOf = (error: unknown) =>
  error instanceof AurumProblem && error.problem.field === 'tenant'
    ? 'This is no name of a tenant'
    : 'Nobody was signed in';

const roleChoice = (role: Role, may: string, tenant: HTMLInputElement) =>
  h(
    'label',
    {},
    h('input', { type: 'radio', name: 'role', value: role, checked: role === asked.role }),
    h('span', {}, h('b', {}, role), h('span', { class: 'quiet' }, may)),
    role === 'tenant' ? tenant : null,
  );

/** Loading the page anew leads there; without one before the desk, a token got elsewhere does too. */
function providerView(signedIn: () => Promise<void>, reason: HTMLElement | null) {
  const given = h('textarea', {
    name: 'token',
    rows: 3,
    required: true,
    spellcheck: 'false',
    autocomplete: 'off',
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    keepToken(given.value.trim().replace(/^Bearer /i, ''));
    await signedIn();
  };
  return [
    h('h1', {}, 'Sign in'),
    reason,
    h('p', { class: 'quiet' }, 'Your identity provider signs you in before the desk.'),
    h(
      'p',
      { class: 'apart' },
      h(
        'button',
        { type: 'button', class: 'primary', autofocus: true, onclick: signInThere },
        'Sign in there',
      ),
    ),
    h(
      'details',
      { class: 'apart' },
      h('summary', {}, 'With an access token instead'),
      h(
        'form',
        { class: 'json-form', onsubmit: (event: SubmitEvent) => void submit(event) },
        h('label', {}, h('span', { class: 'quiet' }, 'Access token; it is kept in this tab only'), given),
        h('div', {}, h('button', { type: 'submit' }, 'Use the token')),
      ),
    ),
  ];
}
