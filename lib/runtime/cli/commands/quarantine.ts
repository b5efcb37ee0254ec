/** `aurum quarantine`: workbooks the gate held back, and the cells that are the reason. */
import type { QuarantineStanding } from '#schemas/quarantine.ts';
import type { ExpectationResult, GateResult } from '#schemas/stages.ts';
import { apiClient } from '../api-client.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  dateOption,
  usageError,
  wholeNumberOption,
} from '../command.ts';
import { counted, printable, tableText } from '../text.ts';

interface QuarantineEntry {
  readonly version: string;
  readonly vendor: string;
  readonly asof_date: string;
  readonly source_file: string;
  readonly summary: string;
  readonly failure_count: number;
  readonly checked_at: string;
  readonly state: string;
}

type Shown = GateResult & { readonly standing: QuarantineStanding };

const FAILURES_SHOWN = 50;
const CELLS_SHOWN = 20;

const ACTIONS = ['override', 'approve', 'reject', 'retry'] as const;
type Action = (typeof ACTIONS)[number];

export const command: Command = {
  name: 'quarantine',
  summary: 'workbooks the gate held back, and the way out',
  usage: [
    'quarantine list [--as-of DATE] [--format text|ndjson]',
    '       aurum quarantine show VERSION [--format text|json]',
    '       aurum quarantine override VERSION --expectations NAME,.. --reason TEXT',
    '       aurum quarantine approve VERSION [--override N] [--reason TEXT]',
    '       aurum quarantine reject|retry VERSION --reason TEXT',
  ].join('\n'),
  details: [
    'A red workbook is released by a corrected upload, or by two people: one overrides the failed expectations by name, another',
    'one (who did not send the workbook either) approves that. `reject` is for good. `retry` runs a gate again that crashed or',
    'ran too long. Decisions are kept, and audited.',
  ].join('\n'),
  options: {
    'as-of': { value: 'DATE', description: 'list only this market day' },
    expectations: {
      value: 'NAMES',
      description: 'names of failed expectations, by commas, as `show` has them',
    },
    override: { value: 'N', description: 'number of the override that is approved' },
    reason: { value: 'TEXT', description: 'why, for those who ask later' },
    format: { value: 'F', description: 'default text', choices: ['text', 'json', 'ndjson'] },
  },
  run: async (given, io) => {
    const [action, version] = given.positionals;
    const asText = (given.options.format ?? 'text') === 'text';
    if (action === 'list') await list(dateOption(given, 'as-of', 'quarantine'), asText, io);
    else if (action === 'show' && version !== undefined) await show(version, asText, io);
    else if (ACTIONS.includes(action as Action) && version !== undefined)
      await decide(action as Action, version, given, io);
    else {
      const message = 'say `list`, or `show`, `override`, `approve`, `reject` or `retry` and a version';
      throw usageError('action_unknown', message, 'quarantine');
    }
    return undefined;
  },
};

async function decide(
  decision: Action,
  version: string,
  given: CommandArguments,
  io: CommandIo,
): Promise<void> {
  const { reason, expectations } = given.options;
  const override = wholeNumberOption(given, 'override', 'quarantine');
  const body = {
    decision,
    ...(reason === undefined ? {} : { reason }),
    ...(decision === 'override' ? { expectations: expectations?.split(',') ?? [] } : {}),
    ...(override === undefined ? {} : { override }),
  };
  const path = `/v1/quarantine/${encodeURIComponent(version)}/decisions`;
  const { meta, data } = await apiClient(io)<Record<string, unknown>>(path, {}, body);
  await io.out(`${JSON.stringify(data)}\n`);
  io.tell(`${printable(`aurum: ${version} is ${String(meta.state)} (${String(meta.outcome)})`)}\n`);
}

async function list(asof: string | undefined, asText: boolean, io: CommandIo): Promise<void> {
  const { data } = await apiClient(io)<QuarantineEntry[]>('/v1/quarantine', { asof });
  if (!asText) {
    for (const entry of data) await io.out(`${JSON.stringify(entry)}\n`);
    return;
  }
  const rows = data.map((entry) => [
    entry.version,
    entry.source_file,
    entry.asof_date,
    entry.failure_count,
    entry.checked_at,
    entry.state,
    entry.summary,
  ]);
  await io.out(tableText(['VERSION', 'FILE', 'AS-OF', 'FAILED CELLS', 'CHECKED', 'STATE', 'WHY'], rows));
  if (data.length === 0) io.tell('Nothing is in quarantine.\n');
}

async function show(version: string, asText: boolean, io: CommandIo): Promise<void> {
  const { data } = await apiClient(io)<Shown>(`/v1/quarantine/${encodeURIComponent(version)}`);
  await io.out(asText ? gateText(data) : `${JSON.stringify(data)}\n`);
}

/** What is red with its cells, then the cells that could not be read. */
function gateText(gate: Shown): string {
  const { report, standing } = gate;
  const red = gate.suites.flatMap((suite) => suite.results.filter(({ success }) => !success));
  const failures = report.failures.slice(0, FAILURES_SHOWN).map(({ sheet, cell, code, message, raw }) => {
    return printable(`  ${sheet}!${cell}  ${message} (${code}): "${raw}"`);
  });
  const more = report.failure_count - failures.length;
  return [
    `${report.source_file}  ${gate.version}  as-of ${report.asof_date}`,
    `${gate.verdict}: ${gate.summary}`,
    ...(red.length === 0 ? [] : ['', 'Expectations not met', ...red.flatMap(expectationText)]),
    ...(failures.length === 0 ? [] : ['', 'Cells that could not be read', ...failures]),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...standingText(standing),
    '',
  ].join('\n');
}

function standingText({ state, not_overridable_because, blocking, decisions }: QuarantineStanding): string[] {
  const names = blocking.flatMap(({ name, rule }) => (name === null ? [] : [`  ${name}  ${rule}`]));
  const way = not_overridable_because === null ? ['May be overridden by name', ...names] : [];
  const taken = decisions.map(({ number, decision, subject, decided_at, reason }) =>
    printable(
      `  ${number} ${decision} by ${subject} at ${decided_at}${reason === null ? '' : `: ${reason}`}`,
    ),
  );
  return [
    '',
    `Standing: ${state}${not_overridable_because === null ? '' : `, no override: ${not_overridable_because}`}`,
    ...way,
    ...(taken.length === 0 ? [] : ['Decisions', ...taken]),
  ];
}

function expectationText({ expectation_config, result, exception_info }: ExpectationResult): string[] {
  const { type, severity, kwargs } = expectation_config;
  const cells = cellsOf(result);
  const count = result.unexpected_count;
  return [
    `  ${severity.padEnd(8)} ${type} ${JSON.stringify(kwargs)}${typeof count === 'number' ? `: ${counted(count, 'row')}` : ''}`,
    ...(cells.length === 0 ? [] : [printable(`           ${cells.join(', ')}`)]),
    ...(exception_info.exception_message === null
      ? []
      : [printable(`           ${exception_info.exception_message}`)]),
  ];
}

/** Cells wherever the result names them: as texts of the form `Sheet!H42`, or as rows with `source_cell`. */
function cellsOf(result: unknown): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (found.size >= CELLS_SHOWN) return;
    if (typeof value === 'string' && /^[^!]+![A-Z]{1,3}\d+$/.test(value)) found.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(result);
  return [...found];
}
