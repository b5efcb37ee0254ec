/** Values of PostgreSQL's text protocol as the port promises them: JSON's, and text where JSON has no exact form. */
import type { CustomTypesConfig, types } from 'pg';

type Parser = (text: string) => unknown;

const asText: Parser = (text) => text;
const instant: Parser = (text) => new Date(text).toISOString();

/** int8, numeric, date, timestamp, timestamptz, interval: the driver would give text, rounded numbers, Dates and objects. */
const SCALARS: ReadonlyMap<number, Parser> = new Map([
  [20, Number],
  [1700, asText],
  [1082, asText],
  [1114, (text) => instant(`${text.replace(' ', 'T')}Z`)],
  [1184, instant],
  [1186, asText],
]);

/** Type of an array -> type of its elements, for these. */
const ELEMENTS: ReadonlyMap<number, number> = new Map([
  [1016, 20],
  [1231, 1700],
  [1182, 1082],
  [1115, 1114],
  [1185, 1184],
  [1187, 1186],
]);
const TEXT_ARRAY = 1009 as Parameters<typeof types.getTypeParser>[0];

/** @param driver the driver's own parsers, for all other types. */
export function valueTypes(driver: typeof types): CustomTypesConfig {
  const textArray = driver.getTypeParser(TEXT_ARRAY);
  const getTypeParser = (type: number, format?: 'text' | 'binary') => {
    const element = SCALARS.get(ELEMENTS.get(type) ?? -1);
    if (element === undefined) return SCALARS.get(type) ?? driver.getTypeParser(type, format);
    return (text: string) => eachElement(textArray(text), element);
  };
  return { getTypeParser };
}

/** Arrays may be nested and hold nulls. */
function eachElement(value: unknown, parse: Parser): unknown {
  if (Array.isArray(value)) return value.map((element) => eachElement(element, parse));
  return value === null ? null : parse(value as string);
}
