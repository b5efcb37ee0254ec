/**
 * Tenants' own records back in a database that lost them, from what was kept in the bucket: tenants with their
 * entitlements, scenarios with every version, contracts, runs, valuations, the audit trail. Rows that are there stay as
 * they are. Output rows and valuations come back to the tables and the log, too; what cannot is named.
 */
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { ppaValuationTopic, ppaValued } from '#events/ppa-valuation.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { type AuditEvent, auditAnchor } from '#schemas/audit.ts';
import { requireJson } from './json-objects.ts';
import { type KeepPorts, keepValuation } from './keep-valuation.ts';
import { keysBelow } from './rebuild-deliveries.ts';
import { type OutputPorts, restoreOutputs } from './rebuild-outputs.ts';
import { attempt, type Steps } from './rebuild-steps.ts';
import { AUDIT_ANCHORS } from './stage-keys.ts';
import {
  type KeptPorts,
  type KeptRow,
  parseRecordKey,
  RECORD_KINDS,
  RECORDS,
  type RecordKind,
  type TenantRecord,
  tenantRecord,
} from './tenant-records.ts';
import { takeValuationRequest, type ValuationWorkPorts } from './value-contract.ts';

export interface RecordPorts extends KeptPorts, KeepPorts, ValuationWorkPorts, OutputPorts {
  readonly audit: AuditTrail;
}

/** How many of each are in the database again that were not. */
export type RestoredRecords = Readonly<Record<RecordKind | 'audit_event', number>>;

export async function restoreRecords(ports: RecordPorts, steps: Steps): Promise<RestoredRecords> {
  const keptOf = await keptThings(ports);
  const restored = { tenant: 0, scenario: 0, contract: 0, run: 0, valuation: 0, audit_event: 0 };
  const runs: KeptRow[] = [];
  for (const kind of RECORD_KINDS) {
    const kept = keptOf(kind);
    for (const [index, { tenant, key }] of kept.entries()) {
      steps.tell(`restoring ${kind} ${index + 1} of ${kept.length}`);
      const isNew = await attempt(steps, key, async () => {
        if (kind === 'valuation') return restoreValuation(key, ports);
        const record = await requireJson(ports.objects, key, tenantRecord);
        if (kind !== 'run') return restoreRows(record, tenant, ports.sql);
        runs.push(...(record.model_run ?? []));
        return false;
      });
      if (isNew === true) restored[kind] += 1;
    }
    if (kind === 'run') restored.run = await restoreRuns(runs, ports, steps);
  }
  await takeRequests(ports, steps);
  restored.audit_event = (await attempt(steps, 'the audit trail', () => restoreAudit(ports))) ?? 0;
  return restored;
}

interface KeptThing {
  readonly tenant: string;
  readonly kind: RecordKind;
  readonly key: string;
}

/** By kind; of what was kept in several states the last. */
async function keptThings({ objects }: RecordPorts): Promise<(kind: RecordKind) => readonly KeptThing[]> {
  const newest = new Map<string, KeptThing>();
  for (const key of await keysBelow(objects, RECORDS, '.json')) {
    const place = parseRecordKey(key);
    if (place === undefined) continue;
    const { tenant, kind, name } = place;
    newest.set(`${tenant}/${kind}/${name.split('.')[0]}`, { tenant, kind, key });
  }
  const of = Map.groupBy(newest.values(), ({ kind }) => kind);
  return (kind) => of.get(kind) ?? [];
}

/** @returns whether the thing was not there. What hangs on it comes with it, and only then. */
async function restoreRows(record: TenantRecord, tenant: string, sql: Sql): Promise<boolean> {
  const role = record.tenant === undefined ? 'aurum_api' : 'aurum_admin';
  const [thing, ...parts] = Object.entries(record).flatMap(([table, rows = []]) =>
    rows.length === 0 ? [] : [insertion(table, rows)],
  );
  return sql.transaction(
    role,
    async (tx) => {
      const inserted = thing === undefined ? [] : await tx.query(...thing);
      if (inserted.length === 0) return false;
      for (const part of parts) await tx.query(...part);
      return true;
    },
    tenant,
  );
}

/** Names of columns are checked by the schema of the record; of the database's own, new ones get their default. */
function insertion(table: string, rows: readonly KeptRow[]): [string, string[]] {
  const columns = Object.keys(rows[0]!).join(', ');
  const text = `INSERT INTO ${table} (${columns})
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb) ON CONFLICT DO NOTHING RETURNING 1`;
  return [text, [JSON.stringify(rows)]];
}

/** Output first: a run is listed as succeeded when its rows are seen. */
async function restoreRuns(kept: readonly KeptRow[], ports: RecordPorts, steps: Steps): Promise<number> {
  let restored = 0;
  for await (const run of restoreOutputs(kept, ports, steps)) {
    const tenant = String(run.tenant_id);
    const isNew = await attempt(steps, `run ${run.id}`, async () => {
      if (await restoreRows({ model_run: [run] }, tenant, ports.sql)) return true;
      await ports.sql.transaction('aurum_api', (tx) => tx.query(MOVE_OUTPUT, [JSON.stringify(run)]), tenant);
      return false;
    });
    if (isNew === true) restored += 1;
  }
  return restored;
}

/** Of a run that was known all the while: its rows may be seen from another commit than they were. */
const MOVE_OUTPUT = `UPDATE model_run SET data_file = kept.data_file, table_commit = kept.table_commit
  FROM jsonb_populate_record(NULL::model_run, $1::jsonb) AS kept
  WHERE model_run.id = kept.id AND model_run.state = 'succeeded' AND kept.state = 'succeeded'`;

/** To the tables, the database and the log; bytes as they were published. */
async function restoreValuation(key: string, ports: RecordPorts): Promise<boolean> {
  const valued = await requireJson(ports.objects, key, ppaValued);
  const { tenant_id, valuation_hash } = valued;
  const before = await ports.ppa.valuation(tenant_id, valuation_hash);
  await ports.bus.publish(ppaValuationTopic, `${tenant_id}|${valuation_hash}`, [valued]);
  await keepValuation(valued, ports);
  if ((await ports.ppa.valuation(tenant_id, valuation_hash))?.output === valued.valuation)
    return before?.state !== 'succeeded';
  throw refusal('valuation_differs', 'what is kept of the valuation is not what the database has now', {
    remedy: `aurum ppa replay ${valuation_hash} says which is right.`,
  });
}

/** A log that survived knows of valuations that were asked for and not made, or failed: they are made now, or fail again. */
async function takeRequests(ports: RecordPorts, steps: Steps): Promise<void> {
  for await (const { value } of ports.bus.read(ppaRequestTopic)) {
    const { tenant_id, valuation_hash } = value;
    if ((await ports.ppa.valuation(tenant_id, valuation_hash)) !== undefined) continue;
    await attempt(steps, `valuation ${valuation_hash}`, () => takeValuationRequest(value, ports));
  }
}

/** The chain again, link by link: the same contents in the same order have the same hashes. @returns events added */
async function restoreAudit({ audit, objects }: RecordPorts): Promise<number> {
  const kept = new Map<number, AuditEvent>();
  let anchored = 0;
  for (const key of await keysBelow(objects, AUDIT_ANCHORS, '.json')) {
    const anchor = await requireJson(objects, key, auditAnchor);
    anchored = Math.max(anchored, anchor.seq);
    for (const event of anchor.events ?? []) kept.set(event.seq, event);
  }
  const [end] = await audit.list({ limit: 1 });
  let seq = end?.seq ?? 0;
  const before = seq;
  if (end !== undefined && kept.has(seq) && kept.get(seq)!.hash !== end.hash) throw trailBegunAnew(seq);
  for (let next = kept.get(seq + 1); next !== undefined; next = kept.get(seq + 1)) {
    const { seq: _seq, prev_hash: _prev, hash, ...content } = next;
    const added = await audit.append(content);
    if (added.hash !== hash) throw trailBegunAnew(next.seq);
    seq = next.seq;
  }
  if (seq >= anchored) return seq - before;
  throw refusal('audit_lost', `events ${seq + 1} to ${anchored} of the audit trail are not in the bucket`, {
    remedy: 'Restore audit_event from a backup of the database.',
  });
}

const trailBegunAnew = (seq: number) =>
  refusal('audit_begun_anew', `event ${seq} of the audit trail is not the one that was kept`, {
    remedy: 'Restore audit_event from a backup of the database.',
  });
