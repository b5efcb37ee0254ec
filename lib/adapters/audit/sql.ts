/**
 * The audit trail in `audit_event`. Whoever appends holds one lock until its transaction ends, so that the chain has one
 * end; the table itself refuses a second event in a place.
 */
import { chained } from '#lib/domain/audit-chain.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';
import type { AuditContent, AuditEvent } from '#schemas/audit.ts';

/** Of all advisory locks of the database, the one that makes appending take turns. */
const LOCK = 7_318_425_610;
const PAGE = 1_000;

const COLUMNS = 'seq, at, subject, tenant, action, object, details, event_id, prev_hash, hash';
const KNOWN = `SELECT ${COLUMNS} FROM audit_event WHERE event_id = $1`;
const END = 'SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1';
const INSERT = `INSERT INTO audit_event (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10)`;
const LIST = `SELECT ${COLUMNS} FROM audit_event
  WHERE ($1::text IS NULL OR subject = $1) AND ($2::text IS NULL OR action = $2) AND ($3::text IS NULL OR object = $3)
    AND ($4::bigint IS NULL OR seq < $4)
  ORDER BY seq DESC LIMIT $5`;
const FROM = `SELECT ${COLUMNS} FROM audit_event WHERE seq > $1 ORDER BY seq LIMIT ${PAGE}`;

type Row = AuditEvent & Record<string, unknown>;

export function sqlAudit(sql: Sql): AuditTrail {
  const asApi = <T>(work: Parameters<typeof sql.transaction<T>>[1]) => sql.transaction('aurum_api', work);
  return {
    append: (content, tx) => (tx === undefined ? asApi((own) => add(content, own)) : add(content, tx)),
    list: ({ subject, action, object, before_seq, limit }) =>
      asApi((tx) =>
        tx.query<Row>(LIST, [subject ?? null, action ?? null, object ?? null, before_seq ?? null, limit]),
      ),
    async *all() {
      for (let last = 0; ; ) {
        const page = await asApi((tx) => tx.query<Row>(FROM, [last]));
        yield* page;
        if (page.length < PAGE) return;
        last = page.at(-1)!.seq;
      }
    },
  };
}

async function add(content: Omit<AuditContent, 'seq'>, tx: SqlTransaction): Promise<AuditEvent> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  const [known] = await tx.query<Row>(KNOWN, [content.event_id]);
  if (known !== undefined) return known;
  const [end] = await tx.query<Pick<Row, 'seq' | 'hash'>>(END);
  const event = chained(content, end ?? null);
  const { seq, at, subject, tenant, action, object, details, event_id, prev_hash, hash } = event;
  const values = [seq, at, subject, tenant, action, object, JSON.stringify(details), event_id];
  await tx.query(INSERT, [...values, prev_hash, hash]);
  return event;
}
