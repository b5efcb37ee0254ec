/**
 * R3: the store's own notifications of uploads, reads and looks, which share the sequencer of the version: of them the
 * uploads alone are taken, every one of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { NotificationConfig, QueueConfig } from 'minio';
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { once } from './account.ts';
import { shuffled, upload } from './eventing.ts';
import { type ChaosPorts, openPorts, type SiteSettings } from './ports.ts';
import { nothingFound, onSite, scenario } from './scenario.ts';
import { minioOf, removeBelow, type Site } from './site.ts';
import { followStorageEvents } from './storage-events.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

const COPIES = 2;
/** One key in so many is uploaded twice. */
const AGAIN_EVERY = 5;
const NOTIFICATIONS_TIMEOUT_MS = 60_000;
const KINDS = ['s3:ObjectCreated:*', 's3:ObjectAccessed:*'];

/** A bucket that announces every access. */
interface AnnouncingBucket {
  readonly settings: SiteSettings;
  close(): Promise<void>;
}

export const r03 = scenario(
  { id: 'R3', what: 'Put, Get and Head events with one sequencer' },
  onSite(async ({ site, size }) => {
    const found = nothingFound();
    const envelopes: unknown[] = [];
    const bucket = await announcingBucket(site, (envelope) => envelopes.push(envelope));
    const ports = await openPorts(bucket.settings);
    try {
      const keys = size(300, 40);
      const workbooks: ChaosWorkbook[] = [];
      for (const [index, day] of marketDays(keys).entries()) {
        for (const seed of index % AGAIN_EVERY === 0 ? [1, 2] : [1]) {
          const workbook = await smallWorkbook(day, { seed });
          await upload(ports, workbook);
          await ports.objects.get(workbook.key);
          await ports.objects.head(workbook.key);
          workbooks.push(workbook);
        }
      }
      const wanted = workbooks.length * 3;
      const deadline_ms = Date.now() + NOTIFICATIONS_TIMEOUT_MS;
      while (envelopes.length < wanted && Date.now() < deadline_ms) await delay(50);
      for (let missing = envelopes.length; missing < wanted; missing++) found.lost.push('notification');

      const staged: string[] = [];
      const doubled = shuffled(envelopes.flatMap((one) => Array.from({ length: COPIES }, () => one)));
      for (const envelope of envelopes) {
        const taken = objectsCreated(objectEvent.parse(envelope)).length;
        const isUpload = JSON.stringify(envelope).includes('s3:ObjectCreated:');
        if (taken !== (isUpload ? 1 : 0))
          found.wrong.push(`${taken} uploads taken from ${JSON.stringify(envelope)}`);
      }
      for (const envelope of doubled) {
        for (const created of objectsCreated(objectEvent.parse(envelope))) {
          const result = await ingestWorkbook(created, ports);
          if (result.outcome === 'staged') staged.push(result.version);
          else if (result.outcome !== 'already') found.lost.push(`${created.key} was ${result.outcome}`);
        }
      }
      const versions = workbooks.map(({ version }) => version);
      once('staged workbook', staged, versions, found);
      once('report', await reports(ports), versions, found);
      return {
        ...found,
        tried: `${envelopes.length} events of ${workbooks.length} uploads x ${COPIES}`,
        note: `${sharedSequencers(envelopes)} sequencers shared by uploads and accesses`,
      };
    } finally {
      await ports.close();
      await bucket.close();
    }
  }),
);

async function reports({ objects }: ChaosPorts): Promise<readonly string[]> {
  const versions: string[] = [];
  for await (const { key } of objects.list('staged/'))
    if (key.endsWith('/report.json')) versions.push(key.split('/')[1]!);
  return versions;
}

/** The case the rule is for must have been there. */
function sharedSequencers(envelopes: readonly unknown[]): number {
  const kinds = new Map<string, Set<string>>();
  for (const { Records } of envelopes.map((envelope) => objectEvent.parse(envelope))) {
    for (const { eventName, s3 } of Records) {
      const sequencer = s3.object.sequencer ?? '';
      kinds.set(
        sequencer,
        (kinds.get(sequencer) ?? new Set()).add(eventName.split(':').slice(0, 2).join(':')),
      );
    }
  }
  return [...kinds.values()].filter(({ size }) => size > 1).length;
}

async function announcingBucket(site: Site, take: (envelope: unknown) => void): Promise<AnnouncingBucket> {
  if (site.announce === undefined) return onMinio(site, take);
  await site.announce(KINDS, (envelope) => {
    if (objectEvent.parse(envelope).Records[0]?.s3.object.key.startsWith('raw')) take(envelope);
  });
  return { settings: site.settings, close: async () => undefined };
}

async function onMinio(site: Site, take: (envelope: unknown) => void): Promise<AnnouncingBucket> {
  const { s3, kafka, name } = site.settings;
  const { prefix: _, ...whole } = s3;
  const minio = minioOf(s3);
  await minio.makeBucket(name, s3.region);
  await minio.setBucketVersioning(name, { Status: 'Enabled' });
  const config = new NotificationConfig();
  const queue = new QueueConfig(process.env.AURUM_S3_NOTIFY_ARN ?? 'arn:minio:sqs:us-east-1:AURUM:kafka');
  for (const kind of KINDS) queue.addEvent(kind);
  queue.addFilterPrefix('raw/');
  config.add(queue);
  await minio.setBucketNotification(name, config);
  // Other buckets announce to the same topic.
  const following = await followStorageEvents(kafka!.brokers, (envelope) => {
    if (objectEvent.parse(envelope).Records[0]?.s3.bucket.name === name) take(envelope);
  });
  return {
    settings: { ...site.settings, s3: { ...whole, bucket: name } },
    async close() {
      await following.close();
      await minio.removeAllBucketNotification(name);
      for (const folder of ['raw/', 'staged/']) await removeBelow({ ...whole, bucket: name }, folder);
      await minio.removeBucket(name);
    },
  };
}
