/**
 * All the gateway knows, as a fold over the journal's entries: buckets, versions, uploads, events not yet delivered.
 * One function applies an entry, at run time and on replay alike. Knows nothing of files, HTTP or clocks.
 */
import { SortedKeys, toByteString } from './sorted-keys.ts';

/** The version id of objects outside the versioned prefixes. */
export const NULL_VERSION = 'null';

/** A file in the blob folder; the bytes of an object are its blobs one after the other. */
export interface Blob {
  readonly id: string;
  readonly size: number;
}

export interface ObjectVersion {
  readonly key: string;
  readonly version_id: string;
  /** 16 upper-case hex digits, ascending over the life of the data folder. */
  readonly sequencer: string;
  readonly modified_ms: number;
  readonly delete_marker: boolean;
  readonly etag: string;
  readonly size: number;
  readonly blobs: readonly Blob[];
  readonly content: ContentFields;
}

/** What a client says of an object besides its bytes. */
export interface ContentFields {
  /** `content-type` and its kin, by header name. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata by name without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Checksums of the whole object by header name. */
  readonly checksums: Readonly<Record<string, string>>;
}

export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly started_ms: number;
  readonly content: ContentFields;
}

export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
  readonly blob: Blob;
  readonly modified_ms: number;
}

export interface PendingEvent {
  readonly id: string;
  /** Ids of the notifications that have not taken it yet. */
  readonly to: readonly string[];
  readonly body: unknown;
}

export type Entry =
  | { readonly op: 'head'; readonly deployment_id: string; readonly sequencer: string }
  | { readonly op: 'bucket'; readonly name: string; readonly created_ms: number }
  | {
      readonly op: 'put';
      readonly bucket: string;
      readonly version: ObjectVersion;
      readonly upload?: string;
      readonly event?: PendingEvent;
    }
  | { readonly op: 'remove'; readonly bucket: string; readonly key: string; readonly version_id: string }
  | { readonly op: 'upload'; readonly upload: Upload }
  | { readonly op: 'part'; readonly upload: string; readonly part: UploadedPart }
  | { readonly op: 'abort'; readonly upload: string }
  | { readonly op: 'event'; readonly event: PendingEvent }
  | { readonly op: 'delivered'; readonly event: string; readonly to: string };

export interface Bucket {
  readonly name: string;
  readonly created_ms: number;
  /** Byte strings of all keys with a version. */
  readonly keys: SortedKeys;
  /** Newest first, never empty. */
  readonly versions: Map<string, readonly ObjectVersion[]>;
}

export interface OpenUpload extends Upload {
  readonly parts: Map<number, UploadedPart>;
}

export interface State {
  deployment_id: string;
  sequencer: string;
  readonly buckets: Map<string, Bucket>;
  readonly uploads: Map<string, OpenUpload>;
  readonly events: Map<string, PendingEvent>;
}

export function emptyState(): State {
  return { deployment_id: '', sequencer: '', buckets: new Map(), uploads: new Map(), events: new Map() };
}

/** Applies one entry and answers the blobs that nothing refers to any more. */
export function apply(state: State, entry: Entry): readonly Blob[] {
  switch (entry.op) {
    case 'head':
      state.deployment_id = entry.deployment_id;
      state.sequencer = entry.sequencer;
      return [];
    case 'bucket':
      state.buckets.set(entry.name, { ...entry, keys: new SortedKeys(), versions: new Map() });
      return [];
    case 'put':
      return applyPut(state, entry);
    case 'remove':
      return applyRemove(state, entry);
    case 'upload':
      state.uploads.set(entry.upload.id, { ...entry.upload, parts: new Map() });
      return [];
    case 'part': {
      const parts = state.uploads.get(entry.upload)?.parts;
      const replaced = parts?.get(entry.part.number);
      parts?.set(entry.part.number, entry.part);
      return parts === undefined ? [entry.part.blob] : replaced === undefined ? [] : [replaced.blob];
    }
    case 'abort':
      return closeUpload(state, entry.upload, []);
    case 'event':
      state.events.set(entry.event.id, entry.event);
      return [];
    case 'delivered':
      return applyDelivered(state, entry);
  }
}

/** The newest version, also when it is a delete marker. */
export function newest(bucket: Bucket, key: string): ObjectVersion | undefined {
  return bucket.versions.get(key)?.[0];
}

/** The entries that make this very state out of an empty one, for a compacted journal. */
export function* entriesOf(state: State): Generator<Entry> {
  yield { op: 'head', deployment_id: state.deployment_id, sequencer: state.sequencer };
  for (const { name, created_ms, versions } of state.buckets.values()) {
    yield { op: 'bucket', name, created_ms };
    for (const list of versions.values()) {
      for (const version of list.toReversed()) yield { op: 'put', bucket: name, version };
    }
  }
  for (const { parts, ...upload } of state.uploads.values()) {
    yield { op: 'upload', upload };
    for (const part of parts.values()) yield { op: 'part', upload: upload.id, part };
  }
  for (const event of state.events.values()) yield { op: 'event', event };
  // A put carries its sequencer with it, so the highest one given away is set again behind them.
  yield { op: 'head', deployment_id: state.deployment_id, sequencer: state.sequencer };
}

export function* blobsOf(state: State): Generator<Blob> {
  for (const { versions } of state.buckets.values()) {
    for (const list of versions.values()) for (const version of list) yield* version.blobs;
  }
  for (const { parts } of state.uploads.values()) for (const part of parts.values()) yield part.blob;
}

function applyPut(state: State, entry: Extract<Entry, { op: 'put' }>): readonly Blob[] {
  const { version, event } = entry;
  const bucket = state.buckets.get(entry.bucket);
  if (bucket === undefined) return version.blobs;
  const before = bucket.versions.get(version.key);
  if (before === undefined) bucket.keys.add(toByteString(version.key));
  const replaced = before?.filter((one) => one.version_id === version.version_id) ?? [];
  const kept = before?.filter((one) => one.version_id !== version.version_id) ?? [];
  bucket.versions.set(version.key, [version, ...kept]);
  state.sequencer = version.sequencer;
  if (event !== undefined) state.events.set(event.id, event);
  const freed = replaced.flatMap((one) => one.blobs);
  return entry.upload === undefined ? freed : [...freed, ...closeUpload(state, entry.upload, version.blobs)];
}

function applyRemove(state: State, entry: Extract<Entry, { op: 'remove' }>): readonly Blob[] {
  const bucket = state.buckets.get(entry.bucket);
  const before = bucket?.versions.get(entry.key) ?? [];
  const kept = before.filter((one) => one.version_id !== entry.version_id);
  if (kept.length > 0) bucket?.versions.set(entry.key, kept);
  else if (bucket?.versions.delete(entry.key)) bucket.keys.remove(toByteString(entry.key));
  return before.filter((one) => one.version_id === entry.version_id).flatMap((one) => one.blobs);
}

function applyDelivered(state: State, entry: Extract<Entry, { op: 'delivered' }>): readonly Blob[] {
  const event = state.events.get(entry.event);
  const to = event?.to.filter((id) => id !== entry.to) ?? [];
  if (event !== undefined && to.length > 0) state.events.set(event.id, { ...event, to });
  else state.events.delete(entry.event);
  return [];
}

/** Parts that the completed object does not use are freed with the upload. */
function closeUpload(state: State, id: string, used: readonly Blob[]): readonly Blob[] {
  const parts = state.uploads.get(id)?.parts.values() ?? [];
  state.uploads.delete(id);
  const keep = new Set(used.map((blob) => blob.id));
  return [...parts].map((part) => part.blob).filter((blob) => !keep.has(blob.id));
}
