/**
 * Pages of a bucket's keys in S3's order, grouped below a delimiter. A group is stepped over by search, not by reading
 * its keys. Knows nothing of XML; keys come in and go out as byte strings (sorted-keys.ts).
 */
import { fromByteString, PAST_PREFIX, toByteString } from './sorted-keys.ts';
import type { Bucket, ObjectVersion } from './state.ts';

export interface PageQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** Start behind this key or common prefix. */
  readonly after: string;
  /** With `after`: start behind this version of it instead. */
  readonly after_version?: string;
  readonly max_keys: number;
}

export interface Page {
  readonly versions: readonly ObjectVersion[];
  readonly common_prefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or common prefix of a truncated page: `after` of the next. */
  readonly last: string | undefined;
  readonly last_version: string | undefined;
}

type Item = { readonly version: ObjectVersion } | { readonly common_prefix: string };

/** The live objects of a page. */
export function pageOfObjects(bucket: Bucket, query: PageQuery): Page {
  return pageOf(
    query,
    items(bucket, query, (versions) => (versions[0]?.delete_marker ? [] : versions.slice(0, 1))),
  );
}

/** All versions and delete markers of a page. */
export function pageOfVersions(bucket: Bucket, query: PageQuery): Page {
  return pageOf(
    query,
    items(bucket, query, (versions) => versions),
  );
}

function pageOf(query: PageQuery, all: Iterable<Item>): Page {
  const versions: ObjectVersion[] = [];
  const common_prefixes: string[] = [];
  let last: Item | undefined;
  let truncated = false;
  for (const item of query.max_keys === 0 ? [] : all) {
    if (versions.length + common_prefixes.length === query.max_keys) {
      truncated = true;
      break;
    }
    if ('version' in item) versions.push(item.version);
    else common_prefixes.push(item.common_prefix);
    last = item;
  }
  if (!truncated || last === undefined) {
    return { versions, common_prefixes, truncated: false, last: undefined, last_version: undefined };
  }
  const place =
    'version' in last
      ? { last: last.version.key, last_version: last.version.version_id }
      : { last: last.common_prefix, last_version: undefined };
  return { versions, common_prefixes, truncated, ...place };
}

function* items(
  bucket: Bucket,
  query: PageQuery,
  pick: (versions: readonly ObjectVersion[]) => readonly ObjectVersion[],
): Generator<Item> {
  const prefix = toByteString(query.prefix);
  const delimiter = toByteString(query.delimiter);
  const keys = bucket.keys.all;
  let at = bucket.keys.firstAtOrAfter(startBound(query, prefix, delimiter));
  while (at < keys.length) {
    const key = keys[at]!;
    if (!key.startsWith(prefix)) return;
    const picked = behind(query, key, pick(bucket.versions.get(fromByteString(key)) ?? []));
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut >= 0 && picked.length > 0) {
      const group = key.slice(0, cut + delimiter.length);
      yield { common_prefix: fromByteString(group) };
      at = bucket.keys.firstAtOrAfter(group + PAST_PREFIX);
      continue;
    }
    for (const version of picked) yield { version };
    at++;
  }
}

/** A page may end between two versions of one key. */
function behind(query: PageQuery, key: string, versions: readonly ObjectVersion[]): readonly ObjectVersion[] {
  if (query.after_version === undefined || fromByteString(key) !== query.after) return versions;
  return versions.slice(versions.findIndex((one) => one.version_id === query.after_version) + 1);
}

function startBound(query: PageQuery, prefix: string, delimiter: string): string {
  const after = toByteString(query.after);
  if (after < prefix) return prefix;
  if (after === '') return '';
  if (query.after_version !== undefined) return after;
  const group = delimiter !== '' && after.endsWith(delimiter) && after.length > prefix.length;
  return after + (group ? PAST_PREFIX : '\0');
}
