/**
 * The API on the real services, by the host used on Knative and with real tokens: from a curve to its workbook cell and its
 * Kafka position, four eyes on a red workbook, a correction with its list of what it touches, signed exports, tenants, tags
 * and the audit trail. Every process has the rights on the bucket that its role is deployed with, and no more.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { verifyAudit } from '#lib/flows/verify-audit.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { curveDiffAnswer } from '#schemas/diff.ts';
import { stripRow } from '#schemas/strip.ts';
import {
  correctRelease,
  releaseRedWorkbook,
  trailOf,
  usesTouchedBy,
} from '#tests/fixtures/decision-steps.ts';
import { exportByTenant, registerTenant } from '#tests/fixtures/export-steps.ts';
import type { HostProcess } from '#tests/fixtures/host-process.ts';
import { fromCurveToCell } from '#tests/fixtures/newcomer-steps.ts';
import type { People, Person } from '#tests/fixtures/people.ts';
import { ON_PEAK, WEST } from '#tests/fixtures/ppa.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually } from '#tests/fixtures/started.ts';
import { type KafkaSource, kafkaSource } from './kafka-source.ts';
import { minioUser } from './minio-users.ts';
import {
  absent,
  daysAfter,
  minioClient,
  ownDay,
  rawKey,
  SEED,
  type StackSite,
  stackSite,
  whyAbsent,
} from './site.ts';

const DAY = ownDay(2060);
const EVE = daysAfter(DAY, -1);
const YEAR = Number(DAY.slice(0, 4)) + 1;
/** Tenants of this run alone. */
const [ACME, ZETA] = [`acme-${SEED}`, `zeta-${SEED}`];
const QUINN: Person = ['quinn', 'analyst'];
const TOM: Person = ['tom', 'tenant', ACME];
const ZOE: Person = ['zoe', 'tenant', ZETA];
const OPS: Person = ['olga', 'ops'];
const WEST_ON_PEAK = 'iso=PJM&market=West&block=ON_PEAK';
const WAIT_MS = 60_000;

/** Settings of a process with the bucket rights of a role. */
async function rightsOf(role: string) {
  const { access_key, secret_key } = await minioUser(role);
  return { AURUM_S3_ACCESS_KEY: access_key, AURUM_S3_SECRET_KEY: secret_key };
}

interface Rows {
  readonly tag: string;
  readonly meta: {
    readonly asof: string;
    readonly releases: readonly {
      readonly version: string;
      readonly known_at: string;
      readonly vendor: string;
    }[];
  };
  readonly data: readonly CurveObservation[];
}

describe.skipIf(absent)(`the API on real services${whyAbsent}`, () => {
  let site: StackSite;
  let people: People;
  let scenarios: People;
  let source: KafkaSource;
  let uploader: ReturnType<typeof minioClient>;
  /** Of the day: as it was first released, and its correction. */
  const released: { first?: string; known_at?: string; before?: Rows; corrected?: string } = {};

  beforeAll(async () => {
    site = await stackSite('api', { AURUM_EXPECTED_VENDORS: 'pw', AURUM_HOTFIX_APPROVAL: 'true' });
    const serve = async (role: string): Promise<HostProcess> => site.serve(role, await rightsOf(role));
    const [api, ingest, scenario] = await Promise.all(['api', 'ingest', 'scenario'].map(serve));
    people = site.peopleAt(api!);
    scenarios = site.peopleAt(scenario!);
    const brokers = site.environment.AURUM_KAFKA_BROKERS!.split(',');
    source = await kafkaSource(brokers, 'aurum.storage.event.v1', ingest!.url);
    const { access_key: accessKey, secret_key: secretKey } = await minioUser('uploader');
    uploader = minioClient({ accessKey, secretKey });
    await Promise.all([drop('pw', EVE), drop('eugp', DAY)]);
    await registerTenant(people, ACME, 'pw');
    await registerTenant(people, ZETA, 'eugp');
  }, 240_000);
  afterAll(async () => {
    await source?.close();
    await site?.close();
  }, 60_000);

  /** Puts a workbook into the bucket as a vendor's uploader may, and waits until it is published. */
  async function drop(vendor: string, day: string): Promise<void> {
    const { file, bytes } = await sampleFile(vendor, day, { seed: SEED });
    const key = rawKey(day, file);
    await uploader.putObject('aurum', key, Buffer.from(bytes));
    await published(`key=${encodeURIComponent(key)}`);
  }

  /** Waits until a workbook, of which one may be the version, has gone through all stages. */
  async function published(query: string, version?: string): Promise<void> {
    const entries = async () => {
      const { body } = await people.ask(OPS, `/v1/ingest?${query}`);
      return body.data as { stage: string; version: string | null }[];
    };
    const isOf = (entry: { version: string | null }) => version === undefined || entry.version === version;
    const isPublished = (entry: { stage: string }) => entry.stage === 'published';
    await eventually(entries, (list) => list.filter(isOf).some(isPublished), WAIT_MS);
  }
  async function answer<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
    const { status, body } = await people.ask(QUINN, path);
    expect(status, JSON.stringify(body)).toBe(200);
    return schema.parse(body);
  }

  async function rows(query: string, who = QUINN): Promise<Rows> {
    const { status, headers, body } = await people.ask(who, `/v1/curves?limit=10000&${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return { tag: headers.get('etag')!, ...body } as unknown as Rows;
  }

  test('a red workbook is released by three people, each within the rights of the API on the bucket', async () => {
    released.first = await releaseRedWorkbook({ people, day: DAY, seed: SEED, timeout_ms: WAIT_MS });
    await published(`asof=${DAY}`, released.first);
    const before = await rows(`asof=${DAY}&${WEST_ON_PEAK}`);
    const release = before.meta.releases.find(({ vendor }) => vendor === 'pw');
    expect(release).toMatchObject({ version: released.first });
    Object.assign(released, { before, known_at: release!.known_at });
  }, 180_000);

  test('from a curve to the cell behind a point, and to the record of it in Kafka', async () => {
    const lineage = await fromCurveToCell(answer, DAY);
    expect(lineage.release.version).toBe(released.first);
    const { position, key } = lineage.event_log;
    let found: CurveObservation | undefined;
    for await (const record of site.platform.bus.read(curveObservationTopic))
      if (record.position === position) found = record.value;
    expect(found).toMatchObject({ ...lineage.value, source_cell: lineage.cells.mid!.address });
    expect(curveObservationTopic.key(found!)).toBe(key);
  });

  test('the newest day, strips and what changed since the day before', async () => {
    const months = `contract_from=${YEAR}-01&contract_to=${YEAR}-12&${WEST_ON_PEAK}`;
    const { data: newest } = await rows(months);
    const tenorOf = ({ tenor_type, contract_month, tenor_label, price_type }: CurveObservation) =>
      `${tenor_type} ${contract_month} ${tenor_label} ${price_type}`;
    const dayOf = new Map(newest.map((row) => [tenorOf(row), row.asof_date]));
    expect(dayOf.size).toBe(newest.length);
    const { data: ofDay } = await rows(`asof=${DAY}&${months}`);
    expect(ofDay.length).toBeGreaterThanOrEqual(12);
    // Another run may have released a later day of these months.
    for (const row of ofDay) expect(dayOf.get(tenorOf(row))! >= DAY).toBe(true);

    const { body } = await people.ask(QUINN, `/v1/curves/strips?asof=${DAY}&${WEST_ON_PEAK}`);
    const strips = stripRow.array().parse(body.data);
    expect(new Set(strips.map(({ strip_source }) => strip_source))).toEqual(new Set(['vendor', 'derived']));

    const { data } = await answer(`/v1/curves/diff?from=${EVE}&to=${DAY}&${WEST_ON_PEAK}`, curveDiffAnswer);
    expect(data).toHaveLength(1);
    const { totals, tenors } = data[0]!;
    expect(totals.shared).toBeGreaterThan(50);
    for (const { a, b, change, parts } of tenors) {
      expect(change).toBe((b ?? 0) - (a ?? 0));
      const sum = Object.values(parts).reduce((total, part) => total + part, 0);
      expect(Math.abs(sum - change)).toBeLessThan(1e-9);
    }
  });

  test('an export is signed, fetched and proved offline; a changed byte is named', async () => {
    const { manifest, files } = await exportByTenant(people, ACME, { asof: DAY, format: 'parquet' });
    expect(manifest.releases.map(({ version }) => version)).toEqual([released.first]);
    const folder = join(site.home, 'export');
    mkdirSync(folder);
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
    const key = join(site.home, 'key.pem');
    expect((await site.aurum(['export', '--public-key', key])).code).toBe(0);
    expect(await site.aurum(['verify-export', folder, '--key', key])).toMatchObject({ code: 0 });
    const [file] = manifest.files;
    const bytes = files.get(file!.name)!;
    bytes[1_000]! ^= 1;
    writeFileSync(join(folder, file!.name), bytes);
    const spoilt = await site.aurum(['verify-export', folder, '--key', key]);
    expect(spoilt).toMatchObject({ code: 2, told: expect.stringContaining(file!.name) });
  });

  test('a correction names the export and the valuation it touches, is approved and merged, and is known from then on', async () => {
    const contract = { ...ON_PEAK, name: `API ${SEED}`, start: `${YEAR}-01-01`, end: `${YEAR}-12-31` };
    const market = { reference: { ...WEST, asof: DAY } };
    const valued = await scenarios.ask(QUINN, '/v1/ppa/valuate', { contract, market });
    expect(valued.status, JSON.stringify(valued.body)).toBe(200);

    const steps = { people, day: DAY, seed: SEED + 1, timeout_ms: WAIT_MS };
    const version = await correctRelease(steps, { approval: true });
    released.corrected = version;
    await published(`asof=${DAY}`, version);
    const touched = await usesTouchedBy(people, version);
    expect(touched.use_count).toEqual({ scenario_run: 0, valuation: 1, export: 1 });
    expect(touched.uses.map(({ kind, tenant }) => [kind, tenant])).toEqual([
      ['valuation', 'house'],
      ['export', ACME],
    ]);
    const after = await rows(`asof=${DAY}&${WEST_ON_PEAK}`);
    expect(after.meta.releases).toContainEqual(expect.objectContaining({ vendor: 'pw', version }));
    const { data } = released.before!;
    expect(after.data).not.toEqual(data);
    const asKnown = await rows(`asof=${DAY}&${WEST_ON_PEAK}&as_known_at=${released.known_at}`);
    expect(asKnown.data).toEqual(data);
    expect((await rows(`version=${released.first}&${WEST_ON_PEAK}`)).data).toEqual(data);
    const sides = `from_version=${released.first}&to_version=${version}`;
    const { data: changed } = await answer(`/v1/curves/diff?${sides}&${WEST_ON_PEAK}`, curveDiffAnswer);
    expect(changed[0]?.totals).toMatchObject({ new: 0, dropped: 0 });
  }, 180_000);

  test('a tag is of the data: 304 while nothing changed, another after the correction, another for each tenant', async () => {
    const path = `/v1/curves?limit=10000&asof=${DAY}&${WEST_ON_PEAK}`;
    const held = (tag: string, who = QUINN) => people.get(who, path, { 'if-none-match': tag });
    const current = await rows(`asof=${DAY}&${WEST_ON_PEAK}`);
    expect(current.tag).not.toBe(released.before!.tag);
    const [same, old] = [await held(current.tag), await held(released.before!.tag)];
    expect([same.status, await same.text(), old.status]).toEqual([304, '', 200]);
    const theirs = await rows(`asof=${DAY}&${WEST_ON_PEAK}`, TOM);
    expect(theirs.data).toEqual(current.data);
    expect(theirs.tag).not.toBe(current.tag);
    expect((await held(current.tag, TOM)).status).toBe(200);
  });

  test('a tenant sees what it is entitled to, and of other tenants nothing: by the API, and by PostgreSQL itself', async () => {
    const vendorsOf = async (who: Person) => {
      const { meta, data } = await rows(`asof=${DAY}`, who);
      expect(data.length).toBeGreaterThan(0);
      return meta.releases.map(({ vendor }) => vendor);
    };
    expect(await vendorsOf(QUINN)).toEqual(expect.arrayContaining(['pw', 'eugp']));
    expect([await vendorsOf(TOM), await vendorsOf(ZOE)]).toEqual([['pw'], ['eugp']]);
    const foreign = await people.ask(ZOE, `/v1/curves?version=${released.corrected}`);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'version_not_found']);
    const stranger = await people.ask(['sam', 'tenant', `nobody-${SEED}`], '/v1/curves');
    expect([stranger.status, stranger.body.code]).toEqual([403, 'tenant_forbidden']);

    const terms = { ...ON_PEAK, name: `Of ${ACME}` };
    const stored = await scenarios.ask(TOM, '/v1/ppa/contracts', terms);
    const { id } = stored.body.data as { id: string };
    const shown = (who: Person) => scenarios.ask(who, `/v1/ppa/contracts/${id}`);
    expect([(await shown(TOM)).status, (await shown(ZOE)).status]).toEqual([200, 404]);
    expect((await people.ask(ZOE, '/v1/exports')).body.data).toEqual([]);
    const seen = (tenant?: string) =>
      site.platform.sql.transaction(
        'aurum_api',
        async (tx) => {
          const contracts = await tx.query('SELECT id FROM ppa_contract WHERE id = $1', [id]);
          const rights = await tx.query<{ vendor: string }>('SELECT vendor FROM entitlement');
          return [contracts.length, rights.map(({ vendor }) => vendor)];
        },
        tenant,
      );
    expect([await seen(ACME), await seen(ZETA), await seen()]).toEqual([
      [1, ['pw']],
      [0, ['eugp']],
      [0, []],
    ]);
  });

  test('every decision is in the audit trail, whose chain is whole; the releases of the day are proved', async () => {
    expect(await trailOf(people, released.first!)).toEqual(['quarantine.override', 'quarantine.approve']);
    expect(await trailOf(people, released.corrected!)).toEqual(['hotfix.approve']);
    const { body } = await people.ask(OPS, '/v1/audit?action=export.create&subject=tom&limit=1');
    expect(body.data).toMatchObject([{ tenant: ACME }]);
    const proof = await verifyAudit(site.platform);
    expect(proof.broken).toBeNull();
    expect(proof.events).toBeGreaterThanOrEqual(8);

    const verified = await site.aurum(['verify', '--as-of', DAY], await rightsOf('operator'));
    expect([verified.code, verified.told]).toEqual([0, expect.stringContaining('3 releases')]);
  });
});
