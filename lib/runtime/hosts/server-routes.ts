/** Which function answers a method and path: paths by name first, then those with `{parameters}`. Knows no HTTP server. */
import { AurumError, refusal } from '#lib/domain/errors.ts';

export interface Route<Answer> {
  readonly method: 'GET' | 'POST';
  /** `/v1/quarantine/{version}` */
  readonly path: string;
  /** The answer reads the body itself. */
  readonly takes?: 'bytes';
  readonly answer: Answer;
}

export interface Match<Answer> {
  readonly route: Route<Answer>;
  /** Decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The path is there, for other methods. */
export interface NotAllowed {
  readonly allowed: string;
}

interface Place<Answer> {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly methods: Map<string, Route<Answer>>;
}

/**
 * @returns finds the route of a request; HEAD is answered as GET.
 * @throws AurumError `route_not_found` or `path_invalid`.
 */
export function routeTable<Answer>(
  routes: readonly Route<Answer>[],
): (method: string, path: string) => Match<Answer> | NotAllowed {
  const places = new Map<string, Place<Answer>>();
  for (const route of routes) {
    const place = places.get(route.path) ?? placeOf<Answer>(route.path);
    place.methods.set(route.method, route);
    places.set(route.path, place);
  }
  const withParameters = [...places.values()].filter(({ names }) => names.length > 0);
  return (method, path) => {
    const place = places.get(path) ?? withParameters.find(({ pattern }) => pattern.test(path));
    if (place === undefined) throw refusal('route_not_found', `there is nothing at ${path.slice(0, 200)}`);
    const route = place.methods.get(method === 'HEAD' ? 'GET' : method);
    if (route === undefined) return { allowed: allowedOf(place.methods.keys()) };
    return { route, parameters: parameters(place, path) };
  };
}

/** A GET is answered without its body, too. */
const allowedOf = (methods: Iterable<string>): string =>
  [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');

function placeOf<Answer>(path: string): Place<Answer> {
  const names: string[] = [];
  const pattern = path.split('/').map((segment) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined) return segment.replaceAll(/[^\w-]/g, '\\$&');
    names.push(name);
    return '([^/]+)';
  });
  return { pattern: new RegExp(`^${pattern.join('/')}$`), names, methods: new Map() };
}

function parameters<Answer>({ pattern, names }: Place<Answer>, path: string): Record<string, string> {
  if (names.length === 0) return {};
  const values = pattern.exec(path)!;
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index + 1]!)]));
  } catch (cause) {
    throw new AurumError('refused', 'path_invalid', 'the path is not percent-encoded UTF-8', { cause });
  }
}
