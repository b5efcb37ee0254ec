import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageOfObjects, pageOfVersions } from '../../../local/s3/listing.ts';
import { apply, emptyState, type ObjectVersion } from '../../../local/s3/state.ts';

const version = (key: string, version_id: string, delete_marker = false): ObjectVersion => ({
  key,
  version_id,
  sequencer: '0'.repeat(16),
  modified_ms: 0,
  delete_marker,
  etag: 'e',
  size: 0,
  blobs: [],
  content: { headers: {}, metadata: {}, checksums: {} },
});

function bucketOf(versions: readonly ObjectVersion[]) {
  const state = emptyState();
  apply(state, { op: 'bucket', name: 'b', created_ms: 0 });
  for (const one of versions) apply(state, { op: 'put', bucket: 'b', version: one });
  return state.buckets.get('b')!;
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const key = fc
  .array(fc.constantFrom('a', 'b', '/', 'é', '😀', 'ｚ', '+'), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

/** What a listing is by definition: filter, sort, group, without any search or paging. */
function byDefinition(keys: readonly string[], prefix: string, delimiter: string): string[] {
  const found = keys
    .filter((one) => one.startsWith(prefix))
    .map((one) => {
      const cut = delimiter === '' ? -1 : one.indexOf(delimiter, prefix.length);
      return cut < 0 ? `key ${one}` : `group ${one.slice(0, cut + delimiter.length)}`;
    });
  return [...new Set(found)].sort((a, b) => byBytes(a.replace(/^\w+ /, ''), b.replace(/^\w+ /, '')));
}

it('lists page by page what filtering, sorting and grouping all live keys gives', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 60 }),
      fc.uniqueArray(key, { maxLength: 10 }),
      fc.constantFrom('', 'a', 'a/', 'é'),
      fc.constantFrom('', '/', 'é', 'b/'),
      fc.integer({ min: 1, max: 7 }),
      (live, removed, prefix, delimiter, max_keys) => {
        const dead = removed.filter((one) => !live.includes(one));
        const bucket = bucketOf([
          ...live.map((one) => version(one, '1')),
          ...dead.flatMap((one) => [version(one, '1'), version(one, '2', true)]),
        ]);
        const found: string[] = [];
        for (let after = ''; ; ) {
          const page = pageOfObjects(bucket, { prefix, delimiter, after, max_keys });
          const items = [
            ...page.versions.map((one) => `key ${one.key}`),
            ...page.common_prefixes.map((one) => `group ${one}`),
          ].sort((a, b) => byBytes(a.replace(/^\w+ /, ''), b.replace(/^\w+ /, '')));
          expect(items.length).toBeLessThanOrEqual(max_keys);
          found.push(...items);
          if (!page.truncated) break;
          expect(items).toHaveLength(max_keys);
          after = page.last!;
        }
        expect(found).toEqual(byDefinition(live, prefix, delimiter));
      },
    ),
    { numRuns: 300 },
  );
});

it('lists all versions page by page, newest first, also when a page ends within a key', () => {
  const versions = ['k1', 'k2', 'k3'].flatMap((name) =>
    ['1', '2', '3', '4'].map((id) => version(name, `${name}-${id}`)),
  );
  const bucket = bucketOf([...versions, version('k2', 'k2-marker', true)]);
  for (const max_keys of [1, 2, 3, 5, 100]) {
    const found: string[] = [];
    for (let after: { after: string; after_version?: string } = { after: '' }; ; ) {
      const page = pageOfVersions(bucket, { prefix: '', delimiter: '', max_keys, ...after });
      found.push(...page.versions.map((one) => one.version_id));
      if (!page.truncated) break;
      after = { after: page.last!, after_version: page.last_version! };
    }
    expect(found).toEqual(
      ['k1', 'k2', 'k3'].flatMap((name) => [
        ...(name === 'k2' ? ['k2-marker'] : []),
        ...['4', '3', '2', '1'].map((id) => `${name}-${id}`),
      ]),
    );
  }
});

it('answers nothing, and says it is all, for max-keys 0', () => {
  const page = pageOfObjects(bucketOf([version('a', '1')]), {
    prefix: '',
    delimiter: '',
    after: '',
    max_keys: 0,
  });
  expect(page).toMatchObject({ versions: [], common_prefixes: [], truncated: false });
});
