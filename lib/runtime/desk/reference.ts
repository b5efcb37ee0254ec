/** The OpenAPI document as a page to read: every route with its parameters, body, answers and a line of curl. */
import { hash } from 'node:crypto';
import { escapeHtml } from '#lib/runtime/cli/coverage/page.ts';
import type { RawAnswer } from '#lib/runtime/triggers.ts';

/** What is read of the document; the rest is in `/openapi.json`. */
interface Reference {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly object[];
  readonly parameters?: readonly (Parameter | Named)[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content } | Named>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: object;
}

type Content = Readonly<Record<string, { readonly schema?: object; readonly examples?: Examples }>>;

type Examples = Readonly<
  Record<string, { readonly summary: string; readonly description?: string; readonly value: unknown }>
>;

interface Named {
  readonly $ref: string;
}

const STYLE = `:root{color-scheme:light dark}
body{margin:0 auto;max-width:62rem;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif}
h1,h2{line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid}
h3{margin:1.8rem 0 .3rem;font-size:1rem}h3 small{font-weight:400}
code,pre{font:.85rem/1.45 ui-monospace,monospace}
pre{overflow-x:auto;padding:.6rem .8rem;border:1px solid;border-radius:.3rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{padding:.2rem .7rem .2rem 0;text-align:left;vertical-align:top;border-bottom:1px solid}
h3,p,td,li{overflow-wrap:anywhere}
nav ul{columns:16rem;padding:0;list-style:none}summary{cursor:pointer}`;

const CSP = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; frame-ancestors 'none'`;

export function referencePage(document: object): RawAnswer {
  const reference = document as Reference;
  const { info, components } = reference;
  const routes = Object.entries(reference.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const [service, curves] = [
    routes.filter(({ path }) => isService(path)),
    routes.filter(({ path }) => !isService(path)),
  ];
  const groups = Map.groupBy([...curves, ...service], ({ path }) => groupOf(path));
  const contents = [...groups.keys()].map((group) => `<li><a href="#of-${group}">${group}</a></li>`);
  const sections = [...groups].map(
    ([group, members]) =>
      `<section><h2 id="of-${group}">${group}</h2>${members.map((one) => routeOf(one, reference)).join('')}</section>`,
  );
  const shapes = Object.entries(components.schemas ?? {}).map(
    ([name, schema]) => `<h3 id="${name}">${name}</h3><pre>${shapeOf(schema)}</pre>`,
  );
  const body = `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escapeHtml(info.title)} API</title><style>${STYLE}</style>
<h1>${escapeHtml(info.title)} API <small>${escapeHtml(info.version)}</small></h1>
<p>${escapeHtml(info.description)} The same for machines: <a href="/openapi.json">/openapi.json</a>.</p>
<nav aria-label="Groups of routes"><ul>${contents.join('')}<li><a href="#shapes">shapes</a></li></ul></nav>
${sections.join('\n')}
<section><h2 id="shapes">shapes</h2>${shapes.join('\n')}</section></html>`;
  return { headers: { 'content-security-policy': CSP, 'cache-control': 'no-cache' }, body };
}

/** `/v1/ppa/contracts` belongs to `ppa`. */
const groupOf = (path: string): string => /^\/v1\/([\w-]+)/.exec(path)?.[1] ?? 'service';
const isService = (path: string): boolean => groupOf(path) === 'service';

function routeOf(
  { path, method, operation }: { path: string; method: string; operation: Operation },
  reference: Reference,
): string {
  const { operationId, summary, description = '', parameters = [], requestBody, responses } = operation;
  const known = parameters.map((one) => resolved(one, reference) as Parameter);
  const body = Object.entries(requestBody?.content ?? {});
  const answers = Object.entries(responses).map(([status, answer]) => {
    const { content = {} } = resolved(answer, reference) as { readonly content?: Content };
    return `<li>${status}: ${Object.entries(content).map(contentOf).join('; ') || 'no body'}</li>`;
  });
  const examples = body.flatMap(([, { examples = {} }]) => Object.values(examples));
  return `<article id="${operationId}"><h3><code>${method} ${escapeHtml(path)}</code></h3>
<p>${escapeHtml(summary)}. <small>${escapeHtml(description)}</small></p>
${known.length === 0 ? '' : `<table><tr><th>Parameter<th>In<th>What it is${known.map(parameterOf).join('')}</table>`}
${body.length === 0 ? '' : `<p>Body: ${body.map(contentOf).join('; ')}</p>`}
${(examples.length === 0 ? [undefined] : examples).map((example) => exampleOf(example, curlOf(method, path, operation, body[0]?.[0], example?.value))).join('')}
<details><summary>Answers</summary><ul>${answers.join('')}</ul></details></article>`;
}

const parameterOf = ({ name, in: place, required, description, schema }: Parameter): string =>
  `<tr><td><code>${escapeHtml(name)}</code>${required ? ' (required)' : ''}<td>${place}<td>${escapeHtml(description ?? '')} ${isPlainText(schema) ? '' : `<code>${shapeOf(schema)}</code>`}`;

/** Of which nothing is said that its description does not say. */
const isPlainText = (schema: object): boolean =>
  Object.keys(schema).every((name) => ['type', 'minLength', 'maxLength'].includes(name));

const contentOf = ([type, { schema }]: [string, { readonly schema?: object }]): string =>
  `<code>${escapeHtml(type)}</code>${schema === undefined ? '' : ` <code>${shapeOf(schema)}</code>`}`;

const exampleOf = (example: Examples[string] | undefined, line: string): string =>
  `${example === undefined ? '' : `<p>${escapeHtml(example.summary)}. <small>${escapeHtml(example.description ?? '')}</small></p>`}<pre>${escapeHtml(line)}</pre>`;

function curlOf(
  method: string,
  path: string,
  { security }: Operation,
  type: string | undefined,
  example: unknown,
): string {
  const parts = ['curl -s', ...(method === 'GET' ? [] : [`-X ${method}`])];
  if (security.length > 0) parts.push('-H "authorization: Bearer $TOKEN"');
  if (type !== undefined) parts.push(`-H 'content-type: ${type}'`);
  if (example !== undefined) parts.push(`\\\n  -d '${JSON.stringify(example, null, 1)}' \\\n `);
  return [...parts, `"$AURUM_API_URL${path}"`].join(' ');
}

function resolved(value: object, { components }: Reference): object {
  if (!('$ref' in value)) return value;
  const [, , kind = '', name = ''] = String(value.$ref).split('/');
  return components[kind]?.[name] as object;
}

/** A schema, what it names by reference as a link. */
function shapeOf(schema: unknown): string {
  const text = JSON.stringify(schema, null, 1).replaceAll(/\n\s*/g, ' ');
  return escapeHtml(text).replaceAll(
    /\{ &quot;\$ref&quot;: &quot;#\/components\/schemas\/(\w+)&quot; \}/g,
    '<a href="#$1">$1</a>',
  );
}
