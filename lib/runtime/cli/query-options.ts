/** Parameters of a route as options of a command: `as_known_at` is `--as-known-at`, and `asof` is `--as-of` as everywhere. */
import type { z } from 'zod';
import type { CommandArguments, OptionSpec } from './command.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

const optionOf = (parameter: string): string =>
  parameter === 'asof' ? 'as-of' : parameter.replaceAll('_', '-');

export function queryOptions(shape: Shape): Readonly<Record<string, OptionSpec>> {
  return Object.fromEntries(
    Object.entries(shape).map(([parameter, schema]) => [
      optionOf(parameter),
      { value: 'VALUE', description: schema.description ?? '' },
    ]),
  );
}

/** The parameters that were given, as text. */
export function queryGiven(shape: Shape, { options }: CommandArguments): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.keys(shape).flatMap((parameter) => {
      const value = options[optionOf(parameter)];
      return value === undefined ? [] : [[parameter, value]];
    }),
  );
}
