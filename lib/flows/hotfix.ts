/**
 * A workbook for a slot (vendor, as-of day) that is released already: it gets a branch of its own and a list of what it
 * changes and whom it touches, before it is merged. With approval asked for, it waits on its branch until enough people
 * who did not send it have approved it.
 */

import { z } from 'zod';
import type { SheetVersion } from '#lib/domain/curve.ts';
import { busy } from '#lib/domain/errors.ts';
import { approvalsMissing, hotfixStateOf } from '#lib/domain/hotfix-approval.ts';
import { LISTED, tableImpact } from '#lib/domain/release-impact.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import { atMost } from '#lib/domain/turns.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { ReleaseUses } from '#lib/ports/release-uses.ts';
import type { Tables } from '#lib/ports/tables.ts';
import { MANIFEST_NAME } from '#schemas/export.ts';
import {
  type HotfixDecision,
  type HotfixStanding,
  hotfixDecision,
  type ImpactList,
  impactList,
  type ReleaseUse,
} from '#schemas/hotfix.ts';
import { type CurveRelease, workbookVersionId } from '#schemas/lake.ts';
import type { ParseReport } from '#schemas/stages.ts';
import { decisionsOn } from './decisions.ts';
import { readJson, requireJson, toJson } from './json-objects.ts';
import { currentReleases, isUploadedAfter } from './releases-in-view.ts';
import { decisionPrefix, hotfixPrefix, impactKey, numbered, releasedKey } from './stage-keys.ts';

export interface HotfixPorts {
  readonly objects: ObjectStore;
  readonly tables: Tables;
  /** Says who sent a correction. */
  readonly audit: AuditTrail;
  /** Whether a correction waits for approval. */
  readonly hotfix_approval?: boolean;
  /** Left out where there is no operational database: then runs and valuations are not listed. */
  readonly releaseUses?: ReleaseUses;
  /** Of their seasons derived strips are made. */
  readonly vendors: readonly VendorAdapter[];
}

/** Who has the n-th branch of a day. */
const claim = z.strictObject({ version: workbookVersionId });

/** Manifests of exports read at the same time. */
const READS_AT_ONCE = 16;

/** The release of the workbook's slot that is current; undefined when the slot is free, or holds this version. */
export async function releaseToCorrect(
  { version, vendor, asof_date }: Pick<ParseReport, 'version' | 'vendor' | 'asof_date'>,
  tables: Tables,
): Promise<CurveRelease | undefined> {
  const slot = (await tables.releases('main')).filter(
    (release) => release.vendor === vendor && release.asof_date === asof_date,
  );
  return slot.some((release) => release.version === version) ? undefined : currentReleases(slot)[0];
}

/** The branch the version was given; undefined when it is no correction. */
export async function hotfixBranchOf(
  { version, asof_date }: Pick<ParseReport, 'version' | 'asof_date'>,
  objects: ObjectStore,
): Promise<string | undefined> {
  for await (const { key } of objects.list(hotfixPrefix(asof_date))) {
    const held = await requireJson(objects, key, claim);
    if (held.version === version) return branchName(asof_date, Number(/(\d+)\.json$/.exec(key)![1]));
  }
  return undefined;
}

const branchName = (asof_date: string, number: number) => `hotfix_${asof_date.replaceAll('-', '')}_${number}`;

/** Gives the version the next branch of its day; again, the one it has. */
export async function claimHotfixBranch(
  report: Pick<ParseReport, 'version' | 'asof_date'>,
  objects: ObjectStore,
): Promise<string> {
  const { version, asof_date } = report;
  for (;;) {
    const held = await hotfixBranchOf(report, objects);
    if (held !== undefined) return held;
    let last = 0;
    for await (const { key } of objects.list(hotfixPrefix(asof_date)))
      last = Number(/(\d+)\.json$/.exec(key)![1]);
    const key = `${hotfixPrefix(asof_date)}${numbered(last + 1)}.json`;
    await objects.put(key, toJson({ version }), { expect: 'absent', contentType: 'application/json' });
  }
}

/** The list of what the correction changes; the one that is there, while it still replaces the same release. */
export async function impactOf(
  report: ParseReport,
  branch: string,
  current: CurveRelease,
  ports: HotfixPorts,
): Promise<ImpactList> {
  const key = impactKey(report.version);
  const held = await readJson(ports.objects, key, impactList);
  if (held?.supersedes === current.version) return held;
  const seasons = ports.vendors.find(({ vendor }) => vendor === report.vendor)?.seasons ?? OTC_SEASONS;
  const [before, after] = await Promise.all([
    tableAt(current.data_file, ports.objects),
    tableAt(report.rows_key, ports.objects),
  ]);
  const uses = [
    ...((await ports.releaseUses?.of(current.version, before.sheets.map(sheetVersion))) ?? []),
    ...(await exportsOf(current, ports.objects)),
  ];
  const { version, vendor, asof_date, source_file } = report;
  const impact: ImpactList = {
    ...{ version, vendor, asof_date, source_file, branch },
    supersedes: current.version,
    becomes_current: isUploadedAfter({ sequence: report.source.sequence, version }, current),
    ...tableImpact(before, after, seasons),
    use_count: countsOf(uses),
    uses: uses.slice(0, LISTED),
  };
  await ports.objects.put(key, toJson(impact), { contentType: 'application/json' });
  return impact;
}

async function tableAt(key: string, objects: ObjectStore) {
  const stored = await objects.get(key);
  if (stored === undefined) throw busy('stage_object_missing', `${key} is not in the store`);
  return decodeCurveTable(stored.body);
}

const sheetVersion = ({ version_hash }: SheetVersion): string => version_hash;

/** Exports that hold rows of the release. None can be of a day before it. */
async function exportsOf(release: CurveRelease, objects: ObjectStore): Promise<ReleaseUse[]> {
  const keys: { readonly key: string; readonly tenant: string; readonly id: string }[] = [];
  for await (const { key } of objects.list('exports/')) {
    const [, tenant, asof, id, name] = key.split('/');
    if (name !== MANIFEST_NAME || asof!.slice('asof='.length) < release.asof_date) continue;
    keys.push({ key, tenant: tenant!, id: id! });
  }
  const inTurn = atMost(READS_AT_ONCE);
  const uses = keys.map(({ key, tenant, id }) =>
    inTurn(async (): Promise<ReleaseUse[]> => {
      const stored = await objects.get(key);
      if (stored === undefined) return [];
      return mayHold(stored.body, release.version) ? [{ kind: 'export', tenant, id }] : [];
    }),
  );
  return (await Promise.all(uses)).flat();
}

/** The part of a manifest that is asked for here; whether all of it is right is for `aurum verify-export`. */
const exported = z.looseObject({ releases: z.array(z.looseObject({ version: z.string() })) });

/** A damaged manifest must not hold a correction up: its export is named, for somebody to look at. */
function mayHold(manifest: Uint8Array, version: string): boolean {
  try {
    const { releases } = exported.parse(JSON.parse(new TextDecoder().decode(manifest)));
    return releases.some((release) => release.version === version);
  } catch {
    return true;
  }
}

function countsOf(uses: readonly ReleaseUse[]): ImpactList['use_count'] {
  const counts = { scenario_run: 0, valuation: 0, export: 0 };
  for (const { kind } of uses) counts[kind] += 1;
  return counts;
}

/** How a correction stands: what was decided on the replacement it is now, not on one it would have been before. */
export async function hotfixStanding(
  impact: ImpactList,
  senders: readonly string[],
  { objects, hotfix_approval = false }: Pick<HotfixPorts, 'objects' | 'hotfix_approval'>,
): Promise<HotfixStanding> {
  const { version } = impact;
  const decisions = await decisionsOn<HotfixDecision>(
    objects,
    decisionPrefix(version, 'hotfix'),
    hotfixDecision,
  );
  const isMerged = (await objects.head(releasedKey(version))) !== undefined;
  const standing = { impact, senders, decisions };
  const isNeeded = hotfix_approval && impact.becomes_current && !isMerged;
  return {
    state: isMerged ? 'merged' : hotfixStateOf(standing, isNeeded),
    uploaded_by: senders.join(', ') || null,
    approvals_missing: isNeeded ? approvalsMissing(standing) : 0,
    decisions,
  };
}
