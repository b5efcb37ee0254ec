/**
 * The data folder as one thing: state, journal, blobs and the events owed to subscribers. A change is checked, written
 * and applied without a pause between, so of two conditional writes at once exactly one holds. Knows nothing of HTTP.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Blobs, openBlobs, sweepBlobs } from './blobs.ts';
import { type Delivery, type DeliveryStatus, openDelivery } from './delivery.ts';
import { S3Error } from './errors.ts';
import { type Journal, openJournal, replay } from './journal.ts';
import { type EventName, type Notification, type NotificationBody, wants } from './notification-event.ts';
import {
  apply,
  type Bucket,
  blobsOf,
  type Entry,
  emptyState,
  entriesOf,
  NULL_VERSION,
  newest,
  type ObjectVersion,
  type PendingEvent,
  type State,
} from './state.ts';

/** A journal is written anew when it has twice the lines it needs, and these: in the mean that costs two lines a change. */
const SPARE_LINES = 5_000;

export interface StoreOptions {
  readonly data_dir: string;
  readonly versioned_prefixes: readonly string[];
  readonly notifications: readonly Notification[];
  readonly fsync: boolean;
}

/** The conditional headers of a write; `*` or entity tags. */
export interface WriteConditions {
  readonly if_match: string | undefined;
  readonly if_none_match: string | undefined;
}

export type DraftVersion = Pick<ObjectVersion, 'key' | 'etag' | 'size' | 'blobs' | 'content'>;

export interface Store {
  readonly state: State;
  readonly blobs: Blobs;
  bucket(name: string): Bucket;
  commit(entry: Entry): void;
  /** Puts the version in place, with the events owed for it, as one change. */
  commitVersion(
    bucket: string,
    draft: DraftVersion,
    options: {
      conditions: WriteConditions;
      event: EventName;
      body: (version: ObjectVersion) => NotificationBody;
      upload?: string;
    },
  ): ObjectVersion;
  /** Deletes as S3 does: a marker where versions are kept, for good elsewhere or when the version is named. */
  deleteObject(bucket: string, key: string, version_id: string | undefined): ObjectVersion | undefined;
  /** Owes an event that changes nothing, such as a read. */
  announce(name: EventName, bucket: string, key: string, body: () => NotificationBody): void;
  subscribe(notifications: readonly Notification[]): Promise<void>;
  notificationStatus(): { pending: number; notifications: DeliveryStatus[] };
  close(): Promise<void>;
}

export function openStore(options: StoreOptions): Store {
  const folder = join(options.data_dir, 'blobs');
  mkdirSync(folder, { recursive: true });
  const file = join(options.data_dir, 'journal.ndjson');
  const state = emptyState();
  const lines = replay(file, (entry) => void apply(state, entry as Entry));
  sweepBlobs(folder, blobsOf(state));
  const journal = openJournal({ file, fsync: options.fsync });
  const blobs = openBlobs({ folder, fsync: options.fsync });
  const keepShort = compaction(state, journal, lines);
  const commit = (entry: Entry) => {
    journal.append(entry);
    blobs.free(apply(state, entry));
    keepShort();
  };
  if (state.deployment_id === '') {
    commit({ op: 'head', deployment_id: randomUUID(), sequencer: '0'.repeat(16) });
  }
  const outbox = openOutbox(state, commit, options.notifications);

  const stamped = (draft: DraftVersion, delete_marker: boolean): ObjectVersion => {
    const kept = options.versioned_prefixes.some((prefix) => draft.key.startsWith(prefix));
    const version_id = kept ? randomUUID() : NULL_VERSION;
    return { ...draft, version_id, sequencer: nextSequencer(state), modified_ms: Date.now(), delete_marker };
  };
  return {
    state,
    blobs,
    bucket: (name) => bucketOf(state, name),
    commit,
    commitVersion(bucket, draft, { conditions, event, body, upload }) {
      checkWriteConditions(conditions, newest(bucketOf(state, bucket), draft.key));
      const version = stamped(draft, false);
      const owed = outbox.owed(event, bucket, version.key, () => body(version));
      commit({
        op: 'put',
        bucket,
        version,
        ...(upload === undefined ? {} : { upload }),
        ...(owed === undefined ? {} : { event: owed }),
      });
      outbox.take(owed);
      return version;
    },
    deleteObject(bucket, key, version_id) {
      const versions = bucketOf(state, bucket).versions.get(key) ?? [];
      const marker = version_id === undefined ? stamped(deletion(key), true) : undefined;
      if (marker !== undefined && marker.version_id !== NULL_VERSION) {
        commit({ op: 'put', bucket, version: marker });
        return marker;
      }
      const gone = versions.find((one) => one.version_id === (version_id ?? NULL_VERSION));
      if (gone !== undefined) commit({ op: 'remove', bucket, key, version_id: gone.version_id });
      return gone;
    },
    announce(name, bucket, key, body) {
      const event = outbox.owed(name, bucket, key, body);
      if (event !== undefined) commit({ op: 'event', event });
      outbox.take(event);
    },
    subscribe: outbox.subscribe,
    notificationStatus: outbox.status,
    async close() {
      await outbox.close();
      journal.close();
    },
  };
}

export function checkWriteConditions(conditions: WriteConditions, current: ObjectVersion | undefined): void {
  const live = current?.delete_marker ? undefined : current;
  if (conditions.if_none_match !== undefined && matchesEtag(conditions.if_none_match, live)) {
    throw new S3Error('PreconditionFailed');
  }
  if (conditions.if_match === undefined) return;
  if (live === undefined) throw new S3Error('NoSuchKey');
  if (!matchesEtag(conditions.if_match, live)) throw new S3Error('PreconditionFailed');
}

export function matchesEtag(condition: string, version: ObjectVersion | undefined): boolean {
  if (version === undefined) return false;
  return condition
    .split(',')
    .map((tag) => tag.trim().replace(/^W\/|"/g, ''))
    .some((tag) => tag === '*' || tag === version.etag);
}

function bucketOf(state: State, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new S3Error('NoSuchBucket');
  return bucket;
}

function deletion(key: string): DraftVersion {
  return { key, etag: '', size: 0, blobs: [], content: { headers: {}, metadata: {}, checksums: {} } };
}

/** The time in nanoseconds, as MinIO's is, and above all before it even when the clock was set back. */
function nextSequencer(state: State): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  const after_last = BigInt(`0x${state.sequencer}`) + 1n;
  return (now > after_last ? now : after_last).toString(16).toUpperCase().padStart(16, '0');
}

/** Call it after every change: writes the journal anew when most of its lines say nothing any more. */
function compaction(state: State, journal: Journal, replayed_lines: number): () => void {
  let lines = replayed_lines;
  let needed = 0;
  for (const _ of entriesOf(state)) needed++;
  let most_lines = 2 * needed + SPARE_LINES;
  return () => {
    if (++lines <= most_lines) return;
    try {
      lines = journal.rewrite(entriesOf(state));
      most_lines = 2 * lines + SPARE_LINES;
    } catch {
      // The change itself is safe in the long journal, which stays in use; a fuller disk later is no reason to fail it.
      most_lines += SPARE_LINES;
    }
  };
}

/** What is owed to subscribers. An event for a subscription that is not configured now waits until it is again. */
function openOutbox(state: State, commit: (entry: Entry) => void, initial: readonly Notification[]) {
  let notifications: readonly Notification[] = [];
  let delivery: Delivery = openDelivery([], () => undefined);
  let closed = false;
  const start = (next: readonly Notification[]) => {
    notifications = next;
    delivery = openDelivery(next, (event, to) => {
      if (!closed) commit({ op: 'delivered', event: event.id, to });
    });
    for (const event of state.events.values()) delivery.take(event);
  };
  start(initial);
  return {
    owed(
      name: EventName,
      bucket: string,
      key: string,
      body: () => NotificationBody,
    ): PendingEvent | undefined {
      const to = notifications.filter((one) => wants(one, name, bucket, key)).map((one) => one.id);
      return to.length === 0 ? undefined : { id: randomUUID(), to, body: body() };
    },
    take(event: PendingEvent | undefined) {
      if (event !== undefined) delivery.take(event);
    },
    async subscribe(next: readonly Notification[]) {
      await delivery.close();
      start(next);
    },
    status: () => ({ pending: state.events.size, notifications: delivery.status() }),
    async close() {
      await delivery.close();
      closed = true;
    },
  };
}
