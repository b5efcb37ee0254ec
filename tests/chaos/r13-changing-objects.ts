/**
 * R13: between the notification and the read the object is replaced, removed, or replaced while it is read; and uploads in
 * parts that never end. A read is conditional: the outcome says so, and no row comes from bytes nobody announced.
 */
import type { ObjectCreated } from '#events/object-created.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { account } from './account.ts';
import { createdEvent, startEventing, upload } from './eventing.ts';
import type { ChaosPorts } from './ports.ts';
import { type Found, nothingFound, onSite, scenario } from './scenario.ts';
import { minioOf, type Site } from './site.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

/** What happens to a workbook; returns what must be released in the end. */
type Happening = (facts: Facts) => Promise<readonly ChaosWorkbook[]>;

interface Facts {
  readonly site: Site;
  readonly ports: ChaosPorts;
  readonly workbook: ChaosWorkbook;
  readonly corrected: ChaosWorkbook;
  readonly emit: (event: ObjectCreated) => void;
  readonly found: Found;
}

const HAPPENINGS: readonly (readonly [string, Happening])[] = [
  ['replaced before the read', replacedBefore],
  ['gone before the read', goneBefore],
  ['replaced while it is read', replacedMeanwhile],
  ['parts that never end', halfUploaded],
];

export const r13 = scenario(
  { id: 'R13', what: 'objects that change, go, or never come' },
  onSite(async ({ site, size }) => {
    const count = size(100, 24);
    const eventing = await startEventing(site.open);
    const found = nothingFound();
    const released: ChaosWorkbook[] = [];
    for (const [index, day] of marketDays(count).entries()) {
      const [, happen] = HAPPENINGS[index % HAPPENINGS.length]!;
      const facts = {
        site,
        ports: eventing.ports,
        workbook: await smallWorkbook(day),
        corrected: await smallWorkbook(day, { seed: 2 }),
        emit: eventing.emit,
        found,
      };
      released.push(...(await happen(facts)));
    }
    await eventing.idle();
    await account(site, { released }, found);
    return {
      ...found,
      tried: `${count} of ${HAPPENINGS.length} kinds`,
      note: HAPPENINGS.map(([name]) => name).join(', '),
    };
  }),
);

/** The event as it is delivered first must leave nothing. */
async function mustBeGone(event: ObjectCreated, ports: ChaosPorts, found: Found): Promise<void> {
  const { outcome } = await ingestWorkbook(event, ports);
  if (outcome !== 'gone') found.wrong.push(`${event.key} was ${outcome}, not gone`);
}

async function replacedBefore({ ports, workbook, corrected, emit, found }: Facts) {
  const stale = await upload(ports, workbook);
  const event = await upload(ports, corrected);
  await mustBeGone(stale, ports, found);
  emit(event);
  emit(stale);
  return [corrected];
}

async function goneBefore({ ports, workbook, emit, found }: Facts) {
  const event = await upload(ports, workbook);
  await ports.objects.delete(workbook.key);
  await mustBeGone(event, ports, found);
  emit(event);
  return [];
}

/** Whichever content was read, it is the one its event announced; the other one has its own event. */
async function replacedMeanwhile({ ports, workbook, corrected, emit }: Facts) {
  const first = await upload(ports, workbook);
  const [{ outcome }, second] = await Promise.all([ingestWorkbook(first, ports), upload(ports, corrected)]);
  emit(second);
  return outcome === 'gone' ? [corrected] : [workbook, corrected];
}

async function halfUploaded({ site, ports, workbook, emit, found }: Facts) {
  const { s3 } = site.settings;
  const client = minioOf(s3);
  const name = `${s3.prefix ?? ''}${workbook.key}`;
  const upload_id = await client.initiateNewMultipartUpload(s3.bucket, name, {});
  const part = { bucketName: s3.bucket, objectName: name, uploadID: upload_id, partNumber: 1, headers: {} };
  const { etag } = await client.uploadPart(part, Buffer.from(workbook.bytes));
  // An event that says more than there is, as a forged or a doubled one may.
  await mustBeGone(createdEvent(ports, workbook.key, etag), ports, found);
  if ((await ports.objects.head(workbook.key)) !== undefined)
    found.wrong.push(`${workbook.key} is there in parts`);
  const isEnded = Number(workbook.day.slice(-1)) % 2 === 0;
  if (!isEnded) {
    await client.abortMultipartUpload(s3.bucket, name, upload_id);
    return [];
  }
  const whole = await client.completeMultipartUpload(s3.bucket, name, upload_id, [{ part: 1, etag }]);
  emit(createdEvent(ports, workbook.key, whole.etag));
  return [workbook];
}
