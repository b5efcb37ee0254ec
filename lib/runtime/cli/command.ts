/**
 * What a command of the command line is, and how its arguments are read: unknown names are refused with the nearest known
 * one. Knows no command.
 */
import { parseArgs } from 'node:util';
import { type AurumError, refusal } from '#lib/domain/errors.ts';
import { tenantId } from '#schemas/tenant.ts';

/** Where a command writes: data to `out`, words for a person to `tell`. */
export interface CommandIo {
  /** Resolves when the reader can take more. */
  readonly out: (data: string | Uint8Array) => Promise<void>;
  readonly tell: (text: string) => void;
  /** Whether `tell` reaches a terminal, where a line can be drawn again. */
  readonly terminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface OptionSpec {
  /** What stands for the value in the help: `DATE`. */
  readonly value: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** Takes no value: given or not, `yes` when it is. */
  readonly flag?: boolean;
}

export interface CommandArguments {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** After `aurum`: `parse FILE.. [options]`. */
  readonly usage: string;
  readonly details?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** @returns the exit code, 0 when left out. @throws AurumError */
  readonly run: (given: CommandArguments, io: CommandIo) => Promise<number | undefined>;
}

/** Arguments of a command, every option known, with a value and, where it has choices, one of them. */
export function readArguments(command: Command, argv: readonly string[]): CommandArguments {
  const known = Object.keys(command.options);
  const { positionals, tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      known.map((name) => [name, { type: command.options[name]!.flag === true ? 'boolean' : 'string' }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = command.options[token.name];
    if (spec === undefined)
      throw unknownName(
        'option',
        `--${token.name}`,
        known.map((name) => `--${name}`),
        command.name,
      );
    const value = spec.flag === true ? (token.value ?? 'yes') : token.value;
    if (value === undefined || value.startsWith('--')) {
      throw usageError('option_value_missing', `--${token.name} needs a value: ${spec.value}`, command.name);
    }
    if (spec.choices !== undefined && !spec.choices.includes(value)) {
      const choices = spec.choices.join(', ');
      throw usageError(
        'option_value_unknown',
        `--${token.name} is one of ${choices}, not "${value}"`,
        command.name,
      );
    }
    if (Object.hasOwn(options, token.name)) {
      throw usageError('option_repeated', `--${token.name} is given more than once`, command.name);
    }
    options[token.name] = value;
  }
  return { positionals, options };
}

/** The option's value, which must be a calendar date. */
export function dateOption(given: CommandArguments, name: string, command: string): string | undefined {
  const date = given.options[name];
  if (date === undefined) return undefined;
  const instant = Date.parse(`${date}T00:00:00Z`);
  const real = /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(instant);
  if (!real || new Date(instant).toISOString().slice(0, 10) !== date) {
    throw usageError('date_invalid', `--${name} is no calendar date YYYY-MM-DD: "${date}"`, command);
  }
  return date;
}

/** The option's value, which must be a tenant's id. */
export function tenantOption(given: CommandArguments, command: string): string | undefined {
  const { tenant } = given.options;
  if (tenant === undefined || tenantId.safeParse(tenant).success) return tenant;
  throw usageError('tenant_invalid', `--tenant is no tenant id of a-z, 0-9 and -: "${tenant}"`, command);
}

export function wholeNumberOption(
  given: CommandArguments,
  name: string,
  command: string,
): number | undefined {
  const text = given.options[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) {
    throw usageError('number_invalid', `--${name} is no whole number: "${text}"`, command);
  }
  return Number(text);
}

export function usageError(code: string, message: string, command: string): AurumError {
  return refusal(code, message, { remedy: `See: aurum ${command} --help` });
}

export function unknownName(
  what: 'command' | 'option',
  name: string,
  known: readonly string[],
  command?: string,
): AurumError {
  const nearest = nearestName(name, known);
  const guess = nearest === undefined ? '' : `Did you mean ${nearest}? `;
  const remedy = `${guess}See: aurum ${command === undefined ? '' : `${command} `}--help`;
  return refusal(`unknown_${what}`, `there is no ${what} "${name}"`, { remedy });
}

/** The known name that differs by the fewest letters, unless nearly half of them do. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= Math.max(1, name.length * 0.4) ? best.candidate : undefined;
}

/** Letters to insert, drop or replace to make one word of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
