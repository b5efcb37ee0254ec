/**
 * What a scenario driver is: the plug-in interface of `lib/drivers/`. A driver turns parameters into a change of price per
 * delivery month; it never changes its input. Knows no formula, no scenario and no store.
 */
import { z } from 'zod';
import type { appliesTo, DriverDescription } from '#schemas/scenario.ts';
import type { FxRate } from './conversion.ts';
import type { Series } from './curve.ts';
import { refusal } from './errors.ts';

/** Monthly prices of one curve as of one day. */
export interface ForwardCurve extends Series {
  readonly asof_date: string;
  /** Delivery months, `YYYY-MM-01`, ascending, each once. */
  readonly months: readonly string[];
  /** One per month, `currency` per `per_unit`. */
  readonly prices: readonly number[];
}

/** A curve a driver reads beside the one it changes; `asof` left out: of the run's own as-of day. */
export interface CurveReference {
  readonly curve_key: string;
  readonly asof?: string | undefined;
}

/** What drivers may look up: other curves (fuels) and the exchange rates. */
export interface MarketData {
  readonly curves: readonly ForwardCurve[];
  readonly rates: readonly FxRate[];
}

export interface DriverInput {
  /** The months the assumption holds for, with the price the driver starts from. */
  readonly curve: ForwardCurve;
  readonly market: MarketData;
  /** Day the scenario is seen from, YYYY-MM-DD. */
  readonly asof: string;
}

/** Checked parameters, ready to be applied. */
export interface BoundDriver {
  /** Complete: defaults filled in, months in one form. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly needs: readonly CurveReference[];
  /**
   * Of a price cap or floor: the prices of the input within it, to the last bit. It holds for the price that all other
   * assumptions lead to, not for the base.
   */
  readonly limited: ((input: DriverInput) => readonly number[]) | undefined;
  /** Change of price per month of the input, in the curve's currency and unit. */
  change(input: DriverInput): readonly number[];
}

export interface BindContext {
  /** Path of the parameters in the request, for errors: `assumptions.2.parameters`. */
  readonly place: string;
  /** The others: for drivers made of drivers. */
  readonly drivers: readonly ScenarioDriver[];
}

/** What the OpenAPI, the docs and the registry need of a driver, and how it is bound to parameters. */
export interface ScenarioDriver {
  readonly type: string;
  /** Of the meaning of parameters and formula: a stored assumption names the version it was written for. */
  readonly version: number;
  /** One line. */
  readonly summary: string;
  readonly formula: string;
  readonly units: string;
  readonly source: string;
  readonly parameters: z.ZodType;
  readonly example: Readonly<Record<string, unknown>>;
  /** Curves the example is written for. */
  readonly example_applies_to: z.input<typeof appliesTo>;
  /** @throws AurumError `driver_parameters_invalid` with the field's path. */
  bind(parameters: unknown, context: BindContext): BoundDriver;
}

export interface DriverDefinition<Schema extends z.ZodType<Record<string, unknown>>>
  extends Pick<
    ScenarioDriver,
    'type' | 'version' | 'summary' | 'formula' | 'units' | 'source' | 'example_applies_to'
  > {
  readonly parameters: Schema;
  readonly example: z.input<Schema>;
  /** @param place path of the parameters, to name the field when input and parameters do not fit. */
  change(parameters: z.output<Schema>, input: DriverInput, place: string): readonly number[];
  needs?(parameters: z.output<Schema>): readonly CurveReference[];
  /** Of a price cap or floor: how prices are brought within it. */
  limitOf?(
    parameters: z.output<Schema>,
    place: string,
  ): ((input: DriverInput) => readonly number[]) | undefined;
}

/** A driver of its formula: parameters are parsed once, the rest follows. */
export function scenarioDriver<Schema extends z.ZodType<Record<string, unknown>>>(
  definition: DriverDefinition<Schema>,
): ScenarioDriver {
  const { type, version, summary, formula, units, source, parameters: schema } = definition;
  return {
    type,
    version,
    summary,
    formula,
    units,
    source,
    parameters: schema,
    example: definition.example as Readonly<Record<string, unknown>>,
    example_applies_to: definition.example_applies_to,
    bind(given, { place }) {
      const parameters = parsedParameters(schema, given, place, type);
      return {
        parameters,
        needs: definition.needs?.(parameters) ?? [],
        limited: definition.limitOf?.(parameters, place),
        change: (input) => definition.change(parameters, input, place),
      };
    },
  };
}

/** What people and the OpenAPI are told of a driver: formula, units, source, the JSON Schema of its parameters, an example. */
export function describeDriver(driver: ScenarioDriver): DriverDescription {
  const { type, version, summary, formula, units, source, example, example_applies_to } = driver;
  const parameters = z.toJSONSchema(driver.parameters, { io: 'input' });
  return {
    driver: type,
    version,
    summary,
    formula,
    units,
    source,
    parameters,
    example,
    example_applies_to: { ...example_applies_to },
  };
}

/** @throws AurumError `driver_parameters_invalid` naming the first field at fault by its path. */
export function parsedParameters<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  place: string,
  type: string,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = meantIssue(parsed.error.issues[0]!);
  const field = [place, ...issue.path.map(String)].join('.');
  throw refusal('driver_parameters_invalid', issue.message, {
    field,
    remedy: `See the example of the driver "${type}".`,
  });
}

/** Of a union, the alternative that got furthest is the one meant: its issue names the field, not the union. */
function meantIssue(issue: z.core.$ZodIssue): { path: readonly PropertyKey[]; message: string } {
  if (issue.code === 'unrecognized_keys') {
    return { path: [...issue.path, issue.keys[0]!], message: 'there is no such parameter' };
  }
  if (issue.code !== 'invalid_union') return issue;
  const firsts = issue.errors.flatMap((issues) => issues.slice(0, 1));
  const rightType = firsts.filter(({ code, path }) => code !== 'invalid_type' || path.length > 0);
  const [meant] = (rightType.length === 0 ? firsts : rightType).toSorted(
    (a, b) => b.path.length - a.path.length,
  );
  if (meant === undefined) return issue;
  const { path, message } = meantIssue(meant);
  return { path: [...issue.path, ...path], message };
}

/** The driver of a type; refuses an unknown one and lists those there are. */
export function driverOf(drivers: readonly ScenarioDriver[], type: string, place: string): ScenarioDriver {
  const found = drivers.find((driver) => driver.type === type);
  if (found !== undefined) return found;
  const known = drivers.map((driver) => driver.type).sort();
  throw refusal('driver_unknown', `there is no driver ${JSON.stringify(type.slice(0, 64))}`, {
    field: place,
    remedy: `Known drivers: ${known.join(', ')}.`,
  });
}

/** Refuses parameters written for another version than the driver's. */
export function checkedVersion(driver: ScenarioDriver, version: number | undefined, place: string): number {
  if (version === undefined || version === driver.version) return driver.version;
  throw refusal('driver_version_unknown', `${driver.type} has no version ${version}`, {
    field: place,
    remedy: `Write the parameters for version ${driver.version}.`,
  });
}
