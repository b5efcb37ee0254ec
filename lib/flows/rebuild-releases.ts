/**
 * The stages over all uploads again, then over all staged versions: each step that is there already is void. Knows which
 * instant a version was known from where an intent, a release record or the event log still says so.
 */

import type { ObjectCreated } from '#events/object-created.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { keepOverride } from './apply-decisions.ts';
import { ingestWorkbook } from './ingest-workbook.ts';
import { readJson, toJson, writeOnce } from './json-objects.ts';
import { publishWorkbook } from './publish-curves.ts';
import { type Delivery, deliveries, inOrder } from './rebuild-deliveries.ts';
import { attempt, type RebuildPorts, type Run } from './rebuild-steps.ts';
import { releasedRecord, releaseIntent, releaseWorkbook } from './release-curves.ts';
import { gateWorkbook } from './run-gate.ts';
import { releasedKey, releaseIntentKey } from './stage-keys.ts';
import { releaseFinder } from './verify-log.ts';

/** The stages over all uploads, then over all staged versions. @returns the known instants of versions, by version. */
export async function replayStages(
  uploads: readonly ObjectCreated[],
  main: readonly CurveRelease[],
  run: Run,
): Promise<ReadonlyMap<string, string>> {
  const { ports, tell } = run;
  for (const [index, upload] of uploads.entries()) {
    tell(`reading upload ${index + 1} of ${uploads.length}: ${upload.key}`);
    await attempt(run, upload.key, () => ingestWorkbook(upload, ports));
  }
  const staged = await deliveries(ports.objects);
  const instants = await knownInstants(staged, ports);
  const onMain = new Set(main.map(({ version }) => version));
  const later: Delivery[] = [];
  const knownPorts = (version: string) =>
    instants.has(version) ? { ...ports, hotfix_approval: false } : ports;
  for (const [index, delivery] of inOrder(staged, instants).entries()) {
    const { version } = delivery;
    tell(`releasing ${index + 1} of ${staged.length}: ${delivery.source_file}, ${version}`);
    const verdict = await attempt(run, version, () => gateWorkbook(version, ports));
    if (verdict === undefined) continue;
    await attempt(run, version, () => keepOverride(version, ports.objects));
    // A new instant is after all old ones: given too early, it would push the instants of its slot that are known.
    if (instants.size > 0 && !instants.has(version)) later.push(delivery);
    else await attempt(run, version, () => releaseAgain(version, onMain, knownPorts(version)));
  }
  for (const { version } of later) await attempt(run, version, () => releaseAgain(version, onMain, ports));
  return instants;
}

/**
 * From when each version is known, where an intent, a release record or the event log still says so. What only the record
 * or the log says is written as an intent, where the release looks for it.
 */
async function knownInstants(
  staged: readonly Delivery[],
  ports: RebuildPorts,
): Promise<ReadonlyMap<string, string>> {
  const instants = new Map<string, string>();
  const silent: Delivery[] = [];
  for (const delivery of staged) {
    const { version } = delivery;
    const intent = await readJson(ports.objects, releaseIntentKey(version), releaseIntent);
    const known_at = intent?.known_at ?? (await releasedRecord(ports.objects, version))?.release.known_at;
    if (known_at === undefined) silent.push(delivery);
    else instants.set(version, known_at);
  }
  if (silent.length > 0) {
    const find = releaseFinder(silent);
    for await (const { value } of ports.bus.read(ports.curveTopic)) {
      const version = find(value)?.version;
      if (version !== undefined) instants.set(version, value._ingest_ts);
    }
  }
  for (const { version, sequence } of staged) {
    const known_at = instants.get(version);
    if (known_at !== undefined)
      await writeOnce(ports.objects, releaseIntentKey(version), toJson({ known_at, sequence }));
  }
  return instants;
}

/**
 * A correction of which an instant is known was let in before; any other waits as it did. A release record without its
 * rows on main is of a table that is gone: it would make the release void.
 */
async function releaseAgain(
  version: string,
  onMain: ReadonlySet<string>,
  ports: RebuildPorts,
): Promise<void> {
  const key = releasedKey(version);
  if (!onMain.has(version) && (await ports.objects.head(key)) !== undefined) await ports.objects.delete(key);
  const outcome = await releaseWorkbook(version, ports);
  if (outcome === 'released' || outcome === 'already') await publishWorkbook(version, ports);
}
