/** `aurum quarantine`: workbooks the gate held back, and the cells that are the reason. */
import type { ExpectationResult, GateResult } from '#schemas/stages.ts';
import { apiClient } from '../api-client.ts';
import { type Command, type CommandIo, dateOption, usageError } from '../command.ts';
import { counted, printable, tableText } from '../text.ts';

interface QuarantineEntry {
  readonly version: string;
  readonly vendor: string;
  readonly asof_date: string;
  readonly source_file: string;
  readonly summary: string;
  readonly failure_count: number;
  readonly checked_at: string;
}

const FAILURES_SHOWN = 50;
const CELLS_SHOWN = 20;

export const command: Command = {
  name: 'quarantine',
  summary: 'workbooks the gate held back, and why',
  usage:
    'quarantine list [--asof DATE] [--format text|ndjson]\n       aurum quarantine show VERSION [--format text|json]',
  options: {
    asof: { value: 'DATE', description: 'list only this market day' },
    format: { value: 'F', description: 'default text', choices: ['text', 'json', 'ndjson'] },
  },
  run: async (given, io) => {
    const [action, version] = given.positionals;
    const asText = (given.options.format ?? 'text') === 'text';
    if (action === 'list') await list(dateOption(given, 'asof', 'quarantine'), asText, io);
    else if (action === 'show' && version !== undefined) await show(version, asText, io);
    else throw usageError('action_unknown', 'say `list`, or `show` and a version', 'quarantine');
    return undefined;
  },
};

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
    entry.summary,
  ]);
  await io.out(tableText(['VERSION', 'FILE', 'AS-OF', 'FAILED CELLS', 'CHECKED', 'WHY'], rows));
  if (data.length === 0) io.tell('Nothing is in quarantine.\n');
}

async function show(version: string, asText: boolean, io: CommandIo): Promise<void> {
  const { data } = await apiClient(io)<GateResult>(`/v1/quarantine/${encodeURIComponent(version)}`);
  await io.out(asText ? gateText(data) : `${JSON.stringify(data)}\n`);
}

/** What is red with its cells, then the cells that could not be read. */
function gateText(gate: GateResult): string {
  const { report } = gate;
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
    '',
  ].join('\n');
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
