/** `aurum verify`: proves that released rows agree with their cells, the tables, the event log and the lake. */
import { AurumError, busy, errorLine, refusal } from '#lib/domain/errors.ts';
import type { verifyAudit } from '#lib/flows/verify-audit.ts';
import type { Mismatch, ReleaseProof } from '#lib/flows/verify-findings.ts';
import type { verifyValuations } from '#lib/flows/verify-valuations.ts';
import type { AuditEvent } from '#schemas/audit.ts';
import { type Command, type CommandIo, dateOption, usageError, wholeNumberOption } from '../command.ts';
import { EXIT_NOT_PROVED, EXIT_REFUSED } from '../errors.ts';
import { everyPage, replayText, replayThroughApi } from '../replay-valuations.ts';
import { counted, printable } from '../text.ts';

const MISMATCHES_TOLD = 20;
const flag = (description: string) => ({ value: 'yes', description, choices: ['yes'], flag: true });

export const command: Command = {
  name: 'verify',
  summary: 'prove that released rows agree with their cells, tables and events',
  usage: 'verify [--as-of DATE] [--version V] [--sample N] [--show-values]',
  details: [
    'Reads every witness of each release on main again: the raw workbook (by its SHA-256), its cells, the staged rows, the data',
    "file, the event log, the release record and the lake's commit. One JSON line a release goes to stdout. Exit 2 when anything",
    'disagrees: each mismatch is named by its cell, its values are shown only when asked for. Without a filter the audit trail',
    'is proved too, its first broken link named, and every stored PPA valuation of every tenant made again from its inputs: the',
    'same bytes, or the first that differs is named. While a server has the database for itself, both are asked of the API.',
    'Exit 1 when something can be proved neither way: it is named, with what to do. Changes nothing.',
  ].join('\n'),
  options: {
    'as-of': { value: 'DATE', description: 'only releases of this market day' },
    version: { value: 'V', description: 'only this workbook version' },
    sample: { value: 'N', description: 'compare N rows a release and count the rest; default all' },
    'show-values': flag('print the values that disagree: prices of the vendor'),
  },
  run: async (given, io) => {
    const asof_date = dateOption(given, 'as-of', 'verify');
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
    const total = { releases: 0, rows: 0, mismatches: 0, unproved: 0 };
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
        for (const verdict of await proveStored(ports, io)) {
          if ('unproved' in verdict) total.unproved += 1;
          else total.mismatches += verdict.mismatches;
        }
      } else io.tell('the audit trail and the valuations are proved without --as-of and --version\n');
    } finally {
      await ports.close();
    }
    const verdict =
      total.unproved > 0 && total.mismatches === 0 ? 'NOT ALL PROVED' : verdictOf(total.mismatches);
    io.tell(`aurum: ${counted(total.releases, 'release')}, ${counted(total.rows, 'row')}: ${verdict}\n`);
    if (total.mismatches > 0) return EXIT_REFUSED;
    return total.unproved > 0 ? EXIT_NOT_PROVED : 0;
  },
};

type StoredPorts = Parameters<typeof verifyAudit>[0] & Parameters<typeof verifyValuations>[0];

/** What is wrong with something, or that nothing could be said of it. */
type Verdict = { readonly mismatches: number } | { readonly unproved: AurumError };

/** What only the database holds: of no one release, it is proved when all of them are. */
async function proveStored(ports: StoredPorts, io: CommandIo): Promise<readonly Verdict[]> {
  return [
    await told('the audit trail', io, () => proveAudit(ports, io)),
    await told('PPA valuations', io, () => proveValuations(ports, io)),
  ];
}

/** What cannot be proved is said and stops nothing else; it keeps the whole from being proven. */
async function told(what: string, io: CommandIo, prove: () => Promise<number>): Promise<Verdict> {
  try {
    return { mismatches: await prove() };
  } catch (error) {
    if (!(error instanceof AurumError)) throw error;
    io.tell(`${printable(`NOT PROVED, ${what}: ${errorLine(error.detail())}`)}\n`);
    return { unproved: error };
  }
}

/** On one machine the database is the API's while it runs: then the API is asked for what the database holds. */
async function eitherWay<Proof>(direct: () => Promise<Proof>, overApi: () => Promise<Proof>): Promise<Proof> {
  try {
    return await direct();
  } catch (inUse) {
    if (!(inUse instanceof AurumError) || inUse.code !== 'database_in_use') throw inUse;
    try {
      return await overApi();
    } catch (cause) {
      if (!(cause instanceof AurumError)) throw cause;
      const message = `${inUse.message} Over HTTP: ${cause.message} (${cause.code})`;
      const remedy = 'Stop that process and verify again, or let it serve the API at AURUM_API_URL.';
      throw busy('database_in_use', message, { remedy, cause });
    }
  }
}

async function proveValuations(ports: StoredPorts, io: CommandIo): Promise<number> {
  const { verifyValuations } = await import('#lib/flows/verify-valuations.ts');
  const proof = await eitherWay(
    async () => ({ ...(await verifyValuations(ports)), every_tenant: true }),
    () => replayThroughApi(io),
  );
  const { every_tenant, ...shown } = proof;
  await io.out(`${JSON.stringify({ valuations: shown })}\n`);
  io.tell(`${printable(`PPA valuations: ${replayText(proof)}`)}\n`);
  if (proof.different > 0) return proof.different;
  if (proof.of_another_version > 0) {
    const what = `${counted(proof.of_another_version, 'valuation')} made by another version of the code`;
    throw refusal('valuations_of_another_version', `${what} cannot be proved by this one`, {
      remedy: 'Verify them with the version that made them.',
    });
  }
  if (every_tenant) return 0;
  throw refusal(
    'tenants_unseen',
    "the caller's own valuations are made again, those of other tenants are not",
    {
      remedy: 'Stop the process that uses the database and verify again.',
    },
  );
}

async function proveAudit(ports: Parameters<typeof verifyAudit>[0], io: CommandIo): Promise<number> {
  const { verifyAudit } = await import('#lib/flows/verify-audit.ts');
  // The API tells the trail, and the hashes are proved here.
  const proof = await eitherWay(
    () => verifyAudit(ports),
    () => verifyAudit({ ...ports, audit: { all: () => trailOfApi(io) } }),
  );
  const { events, anchors, broken } = proof;
  await io.out(`${JSON.stringify({ audit: proof })}\n`);
  const counts = `audit trail: ${counted(events, 'event')}, ${counted(anchors, 'anchor')}`;
  const verdict = broken === null ? 'proven' : `BROKEN, ${broken.reason}`;
  io.tell(`${printable(`${counts}: ${verdict}`)}\n`);
  return broken === null ? 0 : 1;
}

async function* trailOfApi(io: CommandIo): AsyncGenerator<AuditEvent> {
  const newestFirst = await everyPage<AuditEvent>(io, '/v1/audit');
  yield* newestFirst.toReversed();
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
