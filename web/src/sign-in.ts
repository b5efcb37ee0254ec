/** Where the machine itself vouches for callers: choose a role. Elsewhere the identity provider stands before the desk. */
import { h, show } from './dom.ts';
import { problemView } from './region.ts';
import { type Role, signIn } from './session.ts';

const ROLES: readonly (readonly [Role, string])[] = [
  ['admin', 'everything, also what the others may not do together'],
  ['analyst', 'curves, lineage, scenarios and PPA; sees ingest, changes nothing there'],
  ['ops', 'curves and ingest: uploads workbooks, decides on quarantine'],
  ['tenant', 'a client: the curves it is entitled to, its own scenarios and contracts'],
];

/** @param reason why somebody who was signed in is here again. */
export function signInView(signedIn: () => Promise<void>, reason: HTMLElement | null): HTMLElement {
  const trouble = h('div', {}, reason);
  const tenant = h('input', {
    name: 'tenant',
    value: 'acme',
    pattern: '[a-z0-9][a-z0-9\\-]{0,62}',
    required: true,
    disabled: true,
    'aria-label': 'Tenant',
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const role = new FormData(event.target as HTMLFormElement).get('role') as Role;
    try {
      await signIn(role, role === 'tenant' ? tenant.value : undefined);
    } catch (error) {
      show(trouble, problemView(error, 'No token was given'));
      return;
    }
    await signedIn();
  };
  const chosen = (event: Event) => {
    tenant.disabled = (event.target as HTMLInputElement).value !== 'tenant';
  };
  return h(
    'section',
    { class: 'panel sign-in' },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'quiet' }, 'This machine vouches for whoever works at it. Choose as whom.'),
    h(
      'form',
      { onsubmit: (event: SubmitEvent) => void submit(event), onchange: chosen },
      h(
        'fieldset',
        {},
        h('legend', {}, 'Role'),
        ROLES.map(([role, may]) =>
          h(
            'label',
            {},
            h('input', { type: 'radio', name: 'role', value: role, checked: role === 'admin' }),
            h('span', {}, h('b', {}, role), h('span', { class: 'quiet' }, may)),
            role === 'tenant' ? tenant : null,
          ),
        ),
      ),
      h('button', { type: 'submit', class: 'primary', autofocus: true }, 'Continue'),
    ),
    trouble,
  );
}
