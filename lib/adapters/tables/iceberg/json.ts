/**
 * JSON whose integers beyond 2^53 are BigInt in memory and plain digits in the text, as Iceberg's 63-bit snapshot ids
 * need it. Knows nothing of Iceberg.
 */

/** The runtime has both; TypeScript's library does not list them yet. */
const runtimeJson = JSON as unknown as {
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

export function parseJson(text: string): unknown {
  return runtimeJson.parse(text, (_, value, { source }) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  );
}

export function printJson(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    typeof part === 'bigint' ? runtimeJson.rawJSON(String(part)) : part,
  );
}
