/** `aurum ingest`: puts workbooks into the raw area and watches them until they are served or held back. */
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { asofOfFileName } from '#lib/domain/asof.ts';
import { type AurumError, busy, refusal } from '#lib/domain/errors.ts';
import type { IngestEntry, IngestStage } from '#lib/ports/ingest-log.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { type ApiCall, apiClient } from '../api-client.ts';
import { type Command, type CommandIo, dateOption, usageError, wholeNumberOption } from '../command.ts';
import { EXIT_REFUSED } from '../errors.ts';
import { readInput } from '../files.ts';
import { type Progress, progressOf } from '../progress.ts';
import { waitingHotfixes } from './hotfix.ts';

const DEFAULT_TIMEOUT_S = 120;
const POLL_MS = 250;
const CONTENT_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
/** Stages after which nothing more happens to a delivery, and which of them are good. */
const LAST_STAGES: readonly IngestStage[] = ['published', 'quarantined', 'refused'];

/** A file to upload, and afterwards the delivery to watch: one key may be delivered many times. */
interface Delivery {
  readonly file: string;
  readonly key: string;
  readonly bytes: Uint8Array;
}
interface Uploaded extends Delivery {
  readonly etag: string;
}

export const command: Command = {
  name: 'ingest',
  summary: 'upload workbooks and watch them until they are served',
  usage: 'ingest FILE.. [--as-of DATE] [--timeout S]',
  details: [
    'Each file goes to s3://{bucket}/raw/vendor_curves/{as-of}/{file}; the as-of day is taken from the file name',
    '(EOD_X_YYYYMMDD_HHMM.xlsx) unless it is given. Exit 2 when a workbook is refused, held in quarantine or waits for approval.',
  ].join('\n'),
  options: {
    'as-of': { value: 'DATE', description: 'market day of all the files, YYYY-MM-DD' },
    timeout: { value: 'S', description: `seconds to watch, default ${DEFAULT_TIMEOUT_S}` },
  },
  run: async (given, io) => {
    if (given.positionals.length === 0) throw usageError('file_missing', 'no workbook is named', 'ingest');
    const asof_date = dateOption(given, 'as-of', 'ingest');
    const timeout_s = wholeNumberOption(given, 'timeout', 'ingest') ?? DEFAULT_TIMEOUT_S;
    // Everything is read before anything is sent: a wrong name uploads nothing.
    const deliveries = await Promise.all(given.positionals.map((path) => deliveryOf(path, asof_date)));
    const uploaded = await upload(deliveries, io);
    const { entries, waiting } = await watch(
      uploaded,
      apiClient(io),
      progressOf(
        uploaded.map(({ file }) => file),
        io,
      ),
      timeout_s * 1000,
    );
    const stopped = entries.filter(({ stage }) => stage !== 'published');
    for (const entry of stopped)
      io.tell(`aurum: ${basename(entry.source_key)} ${whyStopped(entry, waiting)}\n`);
    for (const entry of entries) await io.out(`${JSON.stringify(entry)}\n`);
    return stopped.length === 0 ? 0 : EXIT_REFUSED;
  },
};

function whyStopped({ version, stage, detail }: IngestEntry, waiting: ReadonlySet<string>): string {
  if (version === null) return `${stage}: ${detail}`;
  if (waiting.has(version))
    return `corrects a released day and waits for approval. See: aurum hotfix show ${version}`;
  return `${stage}: ${detail}${stage === 'quarantined' ? ` See: aurum quarantine show ${version}` : ''}`;
}

async function deliveryOf(path: string, given_asof: string | undefined): Promise<Delivery> {
  const file = basename(path);
  const bytes = await readInput(path);
  const asof_date = given_asof ?? asofOfFileName(file);
  if (asof_date === undefined) {
    const remedy = 'Name it EOD_X_YYYYMMDD_HHMM.xlsx or give --as-of DATE.';
    throw refusal('asof_missing', 'the file name states no as-of day', { file, remedy });
  }
  return { file, key: `raw/vendor_curves/${asof_date}/${file}`, bytes };
}

async function upload(deliveries: readonly Delivery[], io: CommandIo): Promise<readonly Uploaded[]> {
  const config = readConfig(io.environment);
  const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint: config.AURUM_S3_ENDPOINT,
    region: config.AURUM_S3_REGION,
    forcePathStyle: true,
    maxAttempts: 2,
    credentials: { accessKeyId: config.AURUM_S3_ACCESS_KEY, secretAccessKey: config.AURUM_S3_SECRET_KEY },
  });
  try {
    const uploaded: Uploaded[] = [];
    for (const delivery of deliveries) {
      const target = { Bucket: config.AURUM_S3_BUCKET, Key: delivery.key };
      const put = new PutObjectCommand({ ...target, Body: delivery.bytes, ContentType: CONTENT_TYPE });
      const { ETag } = await client.send(put);
      uploaded.push({ ...delivery, etag: (ETag ?? '').replaceAll('"', '') });
    }
    return uploaded;
  } catch (cause) {
    throw uploadError(cause, config.AURUM_S3_ENDPOINT);
  } finally {
    client.destroy();
  }
}

function uploadError(cause: unknown, endpoint: string): AurumError {
  const answered = cause instanceof Error && '$metadata' in cause && '$response' in cause;
  if (answered && cause.name !== 'TimeoutError') {
    const remedy = 'Check AURUM_S3_BUCKET, AURUM_S3_ACCESS_KEY and AURUM_S3_SECRET_KEY.';
    return busy('s3_refused', `the object store at ${endpoint} answered ${cause.name}: ${cause.message}`, {
      remedy,
      cause,
    });
  }
  const remedy = 'Start it with `npm start`, or set AURUM_S3_ENDPOINT.';
  return busy('s3_unreachable', `no object store answers at ${endpoint}`, { remedy, cause });
}

interface Watched {
  /** Their last entries, in the order of the files. */
  readonly entries: readonly IngestEntry[];
  /** Versions that go no further before people approve them. */
  readonly waiting: ReadonlySet<string>;
}

/** Asks for each delivery until it is at a last stage, or waits for people. */
async function watch(
  uploaded: readonly Uploaded[],
  get: ApiCall,
  progress: Progress,
  timeout_ms: number,
): Promise<Watched> {
  const deadline = Date.now() + timeout_ms;
  const last: (IngestEntry | undefined)[] = uploaded.map(() => undefined);
  let waiting: ReadonlySet<string> = new Set();
  const isOpen = (entry: IngestEntry | undefined) => !(isLast(entry) || waiting.has(entry?.version ?? ''));
  const open = () => uploaded.flatMap((_, at) => (isOpen(last[at]) ? [at] : []));
  while (open().length > 0) {
    for (const at of open()) {
      const { key, etag, file } = uploaded[at]!;
      const { data } = await get<IngestEntry[]>('/v1/ingest', { key });
      last[at] = data.find((entry) => entry.etag === etag) ?? last[at];
      progress.show(file, last[at]);
    }
    if (open().some((at) => last[at]?.stage === 'gated'))
      waiting = new Set((await waitingHotfixes(get)).map(({ version }) => version));
    if (open().length === 0) break;
    if (Date.now() > deadline) throw stillRunning(uploaded[open()[0]!]!, timeout_ms);
    await pause(POLL_MS);
  }
  return { entries: last.filter((entry) => entry !== undefined), waiting };
}

const isLast = (entry: IngestEntry | undefined): boolean =>
  entry !== undefined && LAST_STAGES.includes(entry.stage);

function stillRunning({ file }: Delivery, timeout_ms: number): AurumError {
  const remedy = 'It goes on without this command; see `aurum status`.';
  return busy('ingest_unfinished', `${file} is not served after ${timeout_ms / 1000} s`, { remedy });
}
