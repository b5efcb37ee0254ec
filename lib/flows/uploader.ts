/** Who sent a workbook through the API, kept with the raw object. A header, so ASCII only. */
const NAME = 'uploaded-by';

export const uploaderMetadata = (subject: string) => ({ [NAME]: encodeURIComponent(subject) });

/** Undefined for other uploads: the key of a store names nobody. */
export function uploaderOf(metadata: Readonly<Record<string, string>>): string | undefined {
  const name = metadata[NAME];
  // What no upload through the API wrote says nothing, and must not hold the workbook up.
  if (name === undefined || !/^(?:[\w.!~*'()-]|%[0-9A-F]{2})+$/.test(name)) return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
