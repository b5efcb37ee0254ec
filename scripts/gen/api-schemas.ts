/**
 * The JSON Schemas of the API. A shape that a module of schemas/ exports is a component of that name, and whatever uses it
 * refers to it. A shape that is another one for who sends it than for who gets it, since what has a default may be left
 * out, is two components: the one sent is `<Name>Input`.
 */
import { z } from 'zod';
import { exportsOf } from './modules.ts';

export type Io = 'input' | 'output';
export type Json = Readonly<Record<string, unknown>>;

/** Schemas as they stand in operations, until `settled` gives their references the names of components. */
export interface ApiSchemas {
  /** The schema, or a reference to it where it has a name. */
  of(schema: z.ZodType, io: Io): Json;
  /** The fields of an object, and which must be there. */
  fieldsOf(schema: z.ZodType, io: Io): Fields;
  /** The operations, with the components they need. */
  settled<Operations>(operations: Operations): {
    readonly operations: Operations;
    readonly schemas: Readonly<Record<string, Json>>;
  };
}

interface Fields {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

const exported = (await exportsOf('schemas')).filter(
  (entry): entry is readonly [string, z.ZodType] => entry[1] instanceof z.ZodType,
);

/** @param roots every schema that will be asked for */
export function apiSchemas(roots: readonly z.ZodType[]): ApiSchemas {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of namedShapes()) registry.add(schema, { id });
  const unnamed = roots.filter((schema) => !registry.has(schema));
  for (const [index, schema] of unnamed.entries()) registry.add(schema, { id: `unnamed-${index}` });
  const shapes = { input: converted(registry, 'input'), output: converted(registry, 'output') };
  const bodyOf = (schema: z.ZodType, io: Io) => shapes[io][registry.get(schema)!.id]!;
  return {
    of: (schema, io) =>
      unnamed.includes(schema) ? bodyOf(schema, io) : { $ref: placeOf(io, registry.get(schema)!.id) },
    fieldsOf: bodyOf,
    settled: (operations) => settled(operations, shapes),
  };
}

/** Schemas by the name they are exported under. */
function namedShapes(): ReadonlyMap<string, z.ZodType> {
  const shapes = new Set(exported.map(([, schema]) => schema).filter(isShape));
  const named = new Map<string, z.ZodType>();
  for (const [name, schema] of exported) {
    if (!shapes.has(schema) || isDescribedAnew(schema, shapes)) continue;
    const id = name[0]!.toUpperCase() + name.slice(1);
    if (named.has(id)) throw new Error(`schemas/ exports two shapes as ${name}`);
    named.set(id, schema);
  }
  return named;
}

/** Whether a schema is another one that has a name, but for its description. */
function isDescribedAnew({ _zod: { def, parent } }: z.ZodType, named: ReadonlySet<unknown>): boolean {
  return named.has(parent) && parent?._zod.def === def;
}

/** What makes a schema more than a number or a text within bounds. */
const SHAPE_KEYS = ['properties', 'anyOf', 'oneOf', 'enum', 'format', 'pattern'];

function isShape(schema: z.ZodType): boolean {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return !schema.safeParse(undefined).success && SHAPE_KEYS.some((key) => key in json);
}

const COMPONENTS = '#/components/schemas/';
/** Of a component before its name is settled. */
const PLACE = /#\/components\/schemas\/((?:input|output):([\w-]+))/g;
const placeOf = (io: Io, id: string) => `${COMPONENTS}${io}:${id}`;

type Shapes = Readonly<Record<Io, Readonly<Record<string, Json>>>>;

/** Only `z.json()` refers to itself: any JSON is `{}`. */
function converted(registry: z.core.$ZodRegistry<{ id: string }>, io: Io): Record<string, Json> {
  const uri = (id: string) => placeOf(io, id);
  const { schemas } = z.toJSONSchema(registry, { io, unrepresentable: 'any', uri });
  const plain = JSON.stringify(schemas, (_key, value) =>
    typeof value?.$ref === 'string' && value.$ref.includes(':__shared#') ? {} : value,
  );
  return Object.fromEntries(
    Object.entries(JSON.parse(plain) as Record<string, Json>).map(([id, { $schema, $id, ...body }]) => [
      id,
      body,
    ]),
  );
}

function settled<Operations>(operations: Operations, shapes: Shapes) {
  const shapeAt = (place: string) => {
    const [io, id] = place.split(':') as [Io, string];
    return shapes[io][id]!;
  };
  const needed = new Set<string>();
  const visit = (json: unknown) => {
    for (const [, place] of JSON.stringify(json).matchAll(PLACE)) {
      if (needed.has(place!)) continue;
      needed.add(place!);
      visit(shapeAt(place!));
    }
  };
  visit(operations);
  const inputs = inputsApart(needed, shapes);
  const nameOf = (place: string) => (inputs.has(place) ? `${idOf(place)}Input` : idOf(place));
  const renamed = <T>(json: T): T =>
    JSON.parse(JSON.stringify(json).replaceAll(PLACE, (_, place: string) => COMPONENTS + nameOf(place)));
  const components = [...needed].map((place) => [nameOf(place), renamed(shapeAt(place))] as const);
  return {
    operations: renamed(operations),
    schemas: Object.fromEntries(components.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const idOf = (place: string) => place.slice(place.indexOf(':') + 1);

/** What is sent and got, and is not the same or refers to what is not. */
function inputsApart(needed: ReadonlySet<string>, shapes: Shapes): ReadonlySet<string> {
  const both = [...needed].filter(
    (place) => place.startsWith('input:') && needed.has(`output:${idOf(place)}`),
  );
  const textOf = (io: Io, place: string) => JSON.stringify(shapes[io][idOf(place)]);
  const plain = (io: Io, place: string) => textOf(io, place).replaceAll(PLACE, '$2');
  const apart = new Set(both.filter((place) => plain('input', place) !== plain('output', place)));
  for (let known = -1; known !== apart.size; ) {
    known = apart.size;
    for (const place of both) {
      const referred = [...textOf('input', place).matchAll(PLACE)];
      if (referred.some(([, other]) => apart.has(other!))) apart.add(place);
    }
  }
  return apart;
}
