/**
 * R5: services that go away while workbooks come in: Kafka killed, PostgreSQL stopped, the catalog answering 500, one S3
 * request in five refused or its answer lost. On services of this scenario's own, fed by MinIO's own notifications.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import { prepareBucket } from '#lib/adapters/object-store/minio-bucket.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { busy } from '#lib/domain/errors.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { account } from './account.ts';
import { type Eventing, startEventing, upload } from './eventing.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import type { OpenOptions } from './ports.ts';
import { type Found, nothingFound, type Play, type Played, scenario } from './scenario.ts';
import { openSite, type Site, stackSettings, stackSite } from './site.ts';
import { followStorageEvents } from './storage-events.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

const S3_FAULTS = 0.2;
/** After the last outage everything must be done within this. */
const DRAIN_MS = 300_000;
const SERVICES = ['kafka', 'minio', 'nessie', 'postgres'];

export const r05 = scenario(
  { id: 'R5', what: 'outages of Kafka, PostgreSQL, the catalog and S3', own_site: true },
  (stage) => (stage.on === 'stack' ? onOwnStack(stage) : onLocalStores(stage)),
);

/** What goes away for how long, while uploads go on. */
interface Outages {
  readonly uploads: number;
  readonly kafka_ms: number;
  readonly database_ms: number;
  readonly catalog_ms: number;
}

const outagesOf = ({ size }: Pick<Play, 'size'>): Outages => ({
  uploads: size(100, 30),
  kafka_ms: size(600_000, 6_000),
  database_ms: size(300_000, 4_000),
  catalog_ms: size(120_000, 3_000),
});

const s3Faults = (endpoint: string): Promise<FaultProxy> =>
  startFaultProxy({
    target: endpoint,
    fate: () => (Math.random() >= S3_FAULTS ? 'pass' : Math.random() < 0.5 ? 'refuse' : 'lose_answer'),
    status: 503,
    body: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>chaos</Message></Error>',
  });

async function onOwnStack(stage: Omit<Play, 'site'>): Promise<Played> {
  const stack = await startOwnStack(SERVICES);
  try {
    const { AURUM_S3_ENDPOINT: s3_endpoint = '', AURUM_NESSIE_URL: nessie_url = '' } = stack.env;
    let catalogIsDown = false;
    const s3 = await s3Faults(s3_endpoint);
    const nessie = await startFaultProxy({
      target: nessie_url,
      fate: () => (!catalogIsDown ? 'pass' : Math.random() < 0.5 ? 'refuse' : 'lose_answer'),
      status: 500,
      body: '{"message":"chaos"}',
    });
    const plain = stackSettings(stack.env);
    const { prefix: _, ...whole } = plain.s3;
    await prepare(whole);
    const settings = {
      ...plain,
      s3: { ...whole, endpoint: s3.url },
      nessie: { ...plain.nessie!, nessie_url: nessie.url },
    };
    const site = await stackSite(settings, { borrowed: false });
    try {
      const outages = outagesOf(stage);
      return await play(site, whole, outages, [s3, nessie], async () => {
        await outage(
          outages.kafka_ms,
          () => stack.kill('kafka'),
          () => stack.up('kafka'),
        );
        await outage(
          outages.database_ms,
          () => stack.down('postgres'),
          () => stack.up('postgres'),
        );
        const setCatalog = (down: boolean) => async () => void (catalogIsDown = down);
        await outage(outages.catalog_ms, setCatalog(true), setCatalog(false));
      });
    } finally {
      await site.close();
      await Promise.all([s3.close(), nessie.close()]);
    }
  } finally {
    await stack.close();
  }
}
