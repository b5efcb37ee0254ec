/** Where the desk is: a view and its parameters, kept in the fragment of the address so that every state is a link. */

export interface Place {
  readonly view: string;
  readonly parameters: URLSearchParams;
}

export type Changes = Readonly<Record<string, string | undefined>>;

/** `#/market?curve=..&asof=..` */
export function place(): Place {
  const [view = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { view, parameters: new URLSearchParams(query) };
}

/** The present parameters with changes; undefined and '' take one out. */
export function link(changes: Changes, view = place().view, from = place().parameters): string {
  const parameters = new URLSearchParams(from);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') parameters.delete(name);
    else parameters.set(name, value);
  }
  return parameters.size === 0 ? `#/${view}` : `#/${view}?${parameters}`;
}

/** Properties of a link that takes the address as it is when it is followed. */
export function linkTo(changes: Changes): { href: string; onclick: (event: MouseEvent) => void } {
  return {
    href: link(changes),
    onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(link(changes));
    },
  };
}

/** A link to another view, with nothing of this one. */
export const fresh = (view: string, given: Changes = {}): string => link(given, view, new URLSearchParams());

export function go(target: string, how: 'push' | 'replace' = 'push'): void {
  if (target === location.hash) return;
  if (how === 'push') {
    location.hash = target;
    return;
  }
  history.replaceState(null, '', target);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
