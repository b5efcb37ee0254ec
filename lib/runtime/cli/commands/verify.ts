/** `aurum verify`: proves that released rows agree with their cells, the tables, the event log and the lake. */
import { AurumError } from '#lib/domain/errors.ts';
import type { verifyAudit } from '#lib/flows/verify-audit.ts';
import type { Mismatch, ReleaseProof } from '#lib/flows/verify-releases.ts';
import type { verifyValuations } from '#lib/flows/verify-valuations.ts';
import type { AuditEvent } from '#schemas/audit.ts';
import { apiClient } from '../api-client.ts';
import { type Command, type CommandIo, dateOption, usageError, wholeNumberOption } from '../command.ts';
import { EXIT_REFUSED } from '../errors.ts';
import { counted, printable } from '../text.ts';

const MISMATCHES_TOLD = 20;
const flag = (description: string) => ({ value: 'yes', description, choices: ['yes'], flag: true });

export const command: Command = {
  name: 'verify',
  summary: 'prove that released rows agree with their cells, tables and events',
  usage: 'verify [--asof DATE] [--version V] [--sample N] [--show-values]',
  details: [
    'Reads every witness of each release on main again: the raw workbook (by its SHA-256), its cells, the staged rows, the data',
    "file, the event log, the release record and the lake's commit. One JSON line a release goes to stdout. Exit 2 when anything",
    'disagrees: each mismatch is named by its cell, its values are shown only when asked for. Without a filter the audit trail',
    'is proved too, its first broken link named, and every stored PPA valuation of every tenant made again from its inputs: the',
    'same bytes, or the first that differs is named. Changes nothing.',
  ].join('\n'),
  options: {
    asof: { value: 'DATE', description: 'only releases of this market day' },
    version: { value: 'V', description: 'only this workbook version' },
    sample: { value: 'N', description: 'compare N rows a release and count the rest; default all' },
    'show-values': flag('print the values that disagree: prices of the vendor'),
  },
  run: async (given, io) => {
    const asof_date = dateOption(given, 'asof', 'verify');
    const sample = wholeNumberOption(given, 'sample', 'verify');
    const { version, 'show-values': show } = given.options;
    if (sample === 0) throw usageError('number_invalid', '--sample is at least 1', 'verify');
    const filter = {
      ...(asof_date === undefined ? {} : { asof_date }),
      ...(version === undefined ? {} : { version }),
      ...(sample === undefined ? {} : { sample }),
    };
    const { compose } = await import('#lib/runtime/compose.ts');
    const { readConfig } = await import('#lib/runtime/config.ts');
    const { verifyReleases } = await import('#lib/flows/verify-releases.ts');
    const ports = await compose(readConfig(io.environment));
    const total = { releases: 0, rows: 0, mismatches: 0 };
    try {
      for await (const proof of verifyReleases(filter, ports, (text) => progress(text, io))) {
        const shown = show === undefined ? withoutValues(proof) : proof;
        tellProof(shown, io);
        await io.out(`${JSON.stringify(shown)}\n`);
        total.releases += proof.version === null ? 0 : 1;
        total.rows += proof.rows;
        total.mismatches += proof.mismatch_count;
      }
      if (asof_date === undefined && version === undefined) {
        total.mismatches += await proveStored(ports, io);
      }
    } finally {
      await ports.close();
    }
    io.tell(
      `aurum: ${counted(total.releases, 'release')}, ${counted(total.rows, 'row')}: ${verdictOf(total.mismatches)}\n`,
    );
    return total.mismatches === 0 ? 0 : EXIT_REFUSED;
  },
};

type StoredPorts = Parameters<typeof verifyAudit>[0] & Parameters<typeof verifyValuations>[0];

/** What only the database holds. @returns what is wrong with it. */
async function proveStored(ports: StoredPorts, io: CommandIo): Promise<number> {
  return (await proveAudit(ports, io)) + (await proveValuations(ports, io));
}

/** A server of this machine has the database of its folder for itself: then they are not proved, and that is said. */
async function proveValuations(ports: StoredPorts, io: CommandIo): Promise<number> {
  const { verifyValuations } = await import('#lib/flows/verify-valuations.ts');
  try {
    const proof = await verifyValuations(ports);
    const { valuations, bytes, different, first_difference } = proof;
    await io.out(`${JSON.stringify({ valuations: proof })}\n`);
    const named =
      first_difference === null
        ? 'proven'
        : `${counted(different, 'DIFFERENCE')}, first ${first_difference.valuation_hash} of ${first_difference.tenant}: ${first_difference.reason}`;
    io.tell(
      `${printable(`PPA valuations: ${counted(valuations, 'valuation')}, ${counted(bytes, 'byte')}: ${named}`)}\n`,
    );
    return different;
  } catch (error) {
    if (!(error instanceof AurumError) || error.code !== 'database_in_use') throw error;
    io.tell(
      `NOT PROVED, PPA valuations: ${error.message}; \`aurum ppa replay --all\` makes valuations again\n`,
    );
    return 0;
  }
}

/** The trail of decisions is of no one release: it is proved when all of them are. @returns what is wrong with it. */
async function proveAudit(ports: Parameters<typeof verifyAudit>[0], io: CommandIo): Promise<number> {
  const { verifyAudit } = await import('#lib/flows/verify-audit.ts');
  const proof = await verifyAudit(ports).catch((error: unknown) => {
    // On one machine the database is the API's while it runs; it tells the trail, and the hashes are proved here.
    if (!(error instanceof AurumError) || error.code !== 'database_in_use') throw error;
    return verifyAudit({ ...ports, audit: { all: () => trailOfApi(io) } });
  });
  const { events, anchors, broken } = proof;
  await io.out(`${JSON.stringify({ audit: proof })}\n`);
  const counts = `audit trail: ${counted(events, 'event')}, ${counted(anchors, 'anchor')}`;
  const verdict = broken === null ? 'proven' : `BROKEN, ${broken.reason}`;
  io.tell(`${printable(`${counts}: ${verdict}`)}\n`);
  return broken === null ? 0 : 1;
}

async function* trailOfApi(io: CommandIo): AsyncGenerator<AuditEvent> {
  const ask = apiClient(io);
  const newestFirst: AuditEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask<AuditEvent[]>('/v1/audit', { limit: '1000', cursor });
    newestFirst.push(...page.data);
    cursor = (page.meta.next_cursor as string | null) ?? undefined;
  } while (cursor !== undefined);
  yield* newestFirst.reverse();
}

/** Drawn over and over on a terminal; elsewhere the proofs themselves are the progress. */
function progress(text: string, io: CommandIo): void {
  if (io.terminal) io.tell(`${printable(text)}\u001b[K\r`);
}

const verdictOf = (mismatches: number): string =>
  mismatches === 0 ? 'proven' : `${mismatches.toLocaleString('en-US')} MISMATCHES`;

function withoutValues(proof: ReleaseProof): ReleaseProof {
  return { ...proof, mismatches: proof.mismatches.map(({ expected, found, ...named }) => named) };
}

function tellProof(proof: ReleaseProof, io: CommandIo): void {
  const { source_file, version, rows, proven, mismatch_count, mismatches } = proof;
  const name = version === null ? 'event log' : `${source_file} ${version}`;
  const counts = [
    counted(rows, 'row'),
    counted(proven.mids, 'mid'),
    counted(proven.bid_asks, 'bid/ask'),
    `${counted(proven.staged_rows, 'row')} as staged`,
    counted(proven.log_records, 'event'),
    counted(proven.lake_objects, 'lake object'),
  ].join(', ');
  const verdict = verdictOf(mismatch_count);
  const clear = io.terminal ? '\u001b[K' : '';
  io.tell(`${printable(`${name}: ${version === null ? '' : `${counts}: `}${verdict}`)}${clear}\n`);
  for (const mismatch of mismatches.slice(0, MISMATCHES_TOLD)) io.tell(`${mismatchLine(mismatch)}\n`);
  const more = mismatch_count - Math.min(mismatches.length, MISMATCHES_TOLD);
  if (more > 0)
    io.tell(
      `  and ${more.toLocaleString('en-US')} more; the JSON line names the first hundred of each code\n`,
    );
}

function mismatchLine({ cell, message, code, expected, found }: Mismatch): string {
  const values = found === undefined ? '' : ` ${JSON.stringify({ expected, found })}`;
  return printable(`  ${cell === undefined ? '' : `${cell}: `}${message} (${code})${values}`);
}
