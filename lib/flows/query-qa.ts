/**
 * What the gate checked. The gate's own result object is read, which red and green workbooks have alike; the table
 * `market.qa_checks` has those of released ones only.
 */
import { type Caller, seesVendor } from '#lib/domain/access.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { QaAnswer, QaQuery } from '#schemas/releases.ts';
import { checksOf, gateResultOf } from './gate-warnings.ts';
import { versionNotFound } from './query-curves.ts';
import type { ReleasesPorts } from './query-releases.ts';
import { currentReleases, isOfVendor } from './releases-in-view.ts';

/** @throws AurumError `version_not_found` when the version never reached the gate, or is another's. */
export async function queryQa(query: QaQuery, ports: ReleasesPorts, caller: Caller): Promise<QaAnswer> {
  const versions = query.version === undefined ? await versionsOf(query, ports, caller) : [query.version];
  const data: QaAnswer['data'] = [];
  for (const version of versions) {
    const gate = await gateResultOf(ports.objects, version);
    const isTheirs = gate !== undefined && seesVendor(caller, gate.report.vendor);
    if (!isTheirs && query.version !== undefined) throw versionNotFound(version);
    if (!isTheirs) continue;
    data.push(
      ...checksOf(gate).filter(
        ({ success, severity }) =>
          (query.success === undefined || success === query.success) &&
          (query.severity === undefined || severity === query.severity),
      ),
    );
  }
  return { meta: { count: data.length, versions }, data };
}

/** Current releases of the day asked for, else of the newest day of each vendor. */
async function versionsOf(
  { vendor, asof }: QaQuery,
  { tables }: ReleasesPorts,
  caller: Caller,
): Promise<string[]> {
  const ofVendor = isOfVendor(vendor);
  const wanted = currentReleases(await tables.releases('main')).filter(
    (release) =>
      seesVendor(caller, release.vendor) &&
      ofVendor(release) &&
      (asof === undefined || release.asof_date === asof),
  );
  const newest = new Map<string, CurveRelease>();
  for (const release of wanted) {
    const held = newest.get(release.vendor);
    if (held === undefined || release.asof_date > held.asof_date) newest.set(release.vendor, release);
  }
  return [...newest.values()].map(({ version }) => version).sort();
}
