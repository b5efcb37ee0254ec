/** `aurum rebuild`: restores tables, lake and operational database from the raw area, and measures how long it took. */
import type { RebuildPlan, RebuildReport } from '#lib/flows/rebuild.ts';
import type { MainDigest } from '#lib/flows/rebuild-digest.ts';
import type { RebuildScope } from '#lib/flows/rebuild-steps.ts';
import { type Command, type CommandArguments, type CommandIo, usageError } from '../command.ts';
import { counted, printable } from '../text.ts';

const flag = (description: string) => ({ value: 'yes', description, choices: ['yes'], flag: true });

/** Some of it is not restored. */
const EXIT_INCOMPLETE = 1;
const FAILURES_TOLD = 20;

export const command: Command = {
  name: 'rebuild',
  summary: 'restore tables, lake and operational database from the raw area',
  usage: 'rebuild [--tables | --operational] [--force] [--dry-run]',
  details: [
    'Every version of every workbook in the raw area goes through the same stages again, into stores that are empty; what is',
    'there already stays. The instant a release was known from is kept where releasing/, released/ or the event log still has it,',
    'else it is known from now on. The order of uploads is that of their notifications where staged/, releasing/, released/ or',
    'main still has it; else that of the listing, which shows milliseconds: within one by key, of one key the older first.',
    'Tenants, entitlements, scenarios, contracts, runs, valuations and the audit trail come back from records/ and audit/, the',
    'rows of runs from curated/ or the event log. A run that had not ended is listed as failed; a valuation that failed or was',
    'queued is made when the event log still has its request, else it is gone. Decisions of the last minute may be missing from',
    'the audit trail. What cannot be restored is named, with the reason.',
    'Before: stop what else writes (npm start; then start its store alone). To replace damaged tables, remove catalog/, curated/',
    'and lake/ from the bucket. The report is one JSON object on stdout: what was restored and lost, RTO, RPO and the digest of',
    'all rows of main, which --dry-run prints too: equal digests are equal tables. Exit 1 when something is not restored.',
  ].join('\n'),
  options: {
    tables: flag('tables, lake and event log only'),
    operational: flag('operational database only, from what is left in the bucket'),
    force: flag('also when main holds releases: restores what it lacks'),
    'dry-run': flag('say what would be done'),
  },
  run: async (given, io) => {
    const scope = scopeOf(given);
    const { compose } = await import('#lib/runtime/compose.ts');
    const { readConfig } = await import('#lib/runtime/config.ts');
    const { planRebuild, rebuild } = await import('#lib/flows/rebuild.ts');
    const config = readConfig(io.environment);
    const ports = { ...(await compose(config)), bucket: config.AURUM_S3_BUCKET };
    try {
      if (given.options['dry-run'] !== undefined) {
        const plan = await planRebuild(scope, ports);
        tellPlan(plan, given.options.force !== undefined, io);
        await io.out(`${JSON.stringify(plan)}\n`);
        return undefined;
      }
      const report = await rebuild({ scope, force: given.options.force !== undefined }, ports, (text) =>
        progress(text, io),
      );
      tellReport(report, io);
      await io.out(`${JSON.stringify(report)}\n`);
      return report.failed.length + report.lost.length === 0 ? 0 : EXIT_INCOMPLETE;
    } finally {
      await ports.close();
    }
  },
};

function scopeOf({ options, positionals }: CommandArguments): RebuildScope {
  const { tables, operational } = options;
  if (positionals.length > 0) throw usageError('argument_unknown', 'rebuild takes options only', 'rebuild');
  if (tables !== undefined && operational !== undefined)
    throw usageError('scope_twice', 'both --tables and --operational: leave them out for all', 'rebuild');
  return tables !== undefined ? 'tables' : operational !== undefined ? 'operational' : 'all';
}

function progress(text: string, io: CommandIo): void {
  io.tell(io.terminal ? `${printable(text)}\u001b[K\r` : `${printable(text)}\n`);
}

const RESTORE_RECORDS = "restore what is kept of tenants' own records and is not there";
const STEPS: Readonly<Record<RebuildScope, readonly string[]>> = {
  tables: ['parse, gate, release and publish every upload that is not', RESTORE_RECORDS],
  operational: ['record every delivery, instrument and watermark that is not', RESTORE_RECORDS],
  all: [
    'parse, gate, release and publish every upload that is not',
    'record every delivery, instrument and watermark that is not',
    RESTORE_RECORDS,
  ],
};

function tellPlan(plan: RebuildPlan, force: boolean, io: CommandIo): void {
  const {
    scope,
    uploads,
    upload_bytes,
    last_upload,
    releases_on_main,
    staged,
    intents,
    records,
    tenant_records,
  } = plan;
  const megabytes = (upload_bytes / 1e6).toFixed(1);
  io.tell(
    `${counted(uploads, 'upload')} in the raw area, ${megabytes} MB, the last of ${last_upload ?? 'never'}\n`,
  );
  io.tell(
    `there already: ${counted(releases_on_main, 'release')} on main, ${staged} staged, ${intents} instants, ${counted(records, 'release record')}\n`,
  );
  io.tell(`${counted(tenant_records, 'record')} of tenants kept in the bucket\n`);
  for (const step of STEPS[scope]) io.tell(`would ${step}\n`);
  if (releases_on_main > 0 && scope !== 'operational' && !force)
    io.tell('would refuse: main holds releases; --force restores what it lacks\n');
  tellDigest('digest of main', plan.digest, io);
}

function tellReport(report: RebuildReport, io: CommandIo): void {
  const { uploads, released, red, refused, rows, instants, failed, lost, rto_s, rpo_s, rows_per_s } = report;
  const clear = io.terminal ? '\u001b[K' : '';
  io.tell(
    `${clear}${counted(uploads, 'upload')}: ${released} on main (${counted(rows, 'row')}), ${red} in quarantine, ${refused} refused, ${lost.length} lost\n`,
  );
  io.tell(`tenants' own, back in the database: ${restoredText(report.restored)}\n`);
  io.tell(`known from: ${instants.kept} as before, ${instants.new} from now on\n`);
  for (const { what, reason } of failed.slice(0, FAILURES_TOLD))
    io.tell(`${printable(`${what}: ${reason}`)}\n`);
  for (const { key, version_id } of lost.slice(0, FAILURES_TOLD))
    io.tell(`lost: ${printable(key)}${version_id === null ? '' : `, version ${version_id}`}\n`);
  io.tell(
    `RTO ${rto_s.toFixed(1)} s (${Math.round(rows_per_s).toLocaleString('en-US')} rows/s), RPO ${rpo_s === null ? 'everything: nothing is restored' : `${rpo_s} s`}\n`,
  );
  tellDigest('digest of main', report.digest, io);
}

const restoredText = (restored: RebuildReport['restored']): string =>
  Object.entries(restored)
    .map(([kind, count]) => counted(count, kind.replace('_', ' ')))
    .join(', ');

function tellDigest(name: string, digest: MainDigest | null, io: CommandIo): void {
  if (digest === null) io.tell(`${name}: its data files cannot be read\n`);
  else io.tell(`${name}: ${digest.content}, instants ${digest.instants}\n`);
}
