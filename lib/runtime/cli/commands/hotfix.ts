/** `aurum hotfix`: corrections of released curves, what each changes, and the decision on one that waits. */
import type { HotfixDecisionAnswer, HotfixListAnswer, HotfixState, ImpactAnswer } from '#schemas/hotfix.ts';
import { hotfixState } from '#schemas/hotfix.ts';
import { type ApiCall, apiClient } from '../api-client.ts';
import { type Command, type CommandIo, usageError } from '../command.ts';
import { counted, printable, tableText } from '../text.ts';

type Hotfix = HotfixListAnswer['data'][number];

const CURVES_SHOWN = 20;

export const command: Command = {
  name: 'hotfix',
  summary: 'corrections of released curves: what they change, approve, reject',
  usage: [
    'hotfix list [--state S] [--format text|ndjson]',
    '       aurum hotfix show VERSION [--format text|json]',
    '       aurum hotfix approve|reject VERSION --reason TEXT',
  ].join('\n'),
  details: [
    'A workbook for a vendor and day that is released already is a correction. With AURUM_HOTFIX_APPROVAL=true it waits on a branch',
    'of its own until people who did not send it approve it.',
  ].join('\n'),
  options: {
    state: { value: 'S', description: 'only those that stand so', choices: hotfixState.options },
    reason: { value: 'TEXT', description: 'why, for those who ask later' },
    format: { value: 'F', description: 'default text', choices: ['text', 'json', 'ndjson'] },
  },
  run: async (given, io) => {
    const [action, version] = given.positionals;
    const { state, reason } = given.options;
    const asText = (given.options.format ?? 'text') === 'text';
    if (action === 'list') await list(state as HotfixState | undefined, asText, io);
    else if (action === 'show' && version !== undefined) await show(version, asText, io);
    else if ((action === 'approve' || action === 'reject') && version !== undefined) {
      if (reason === undefined) throw usageError('option_missing', `${action} needs --reason`, 'hotfix');
      await decide(version, { decision: action, reason }, io);
    } else {
      throw usageError(
        'action_unknown',
        'say `list`, or `show`, `approve` or `reject` and a version',
        'hotfix',
      );
    }
    return undefined;
  },
};

/** Corrections that wait for approval. */
export const waitingHotfixes = async (api: ApiCall): Promise<readonly Hotfix[]> =>
  (await api<Hotfix[]>('/v1/hotfixes', { state: 'waiting' satisfies HotfixState })).data;

async function list(state: HotfixState | undefined, asText: boolean, io: CommandIo): Promise<void> {
  const { data } = await apiClient(io)<Hotfix[]>('/v1/hotfixes', { state });
  if (!asText) {
    for (const one of data) await io.out(`${JSON.stringify(one)}\n`);
    return;
  }
  const rows = data.map((one) => [
    one.version,
    one.source_file,
    one.asof_date,
    one.state,
    one.approvals_missing,
    one.rows.changed,
    one.rows.added,
    one.rows.removed,
    one.supersedes,
  ]);
  const heads = ['VERSION', 'FILE', 'AS-OF', 'STATE', 'APPROVALS MISSING'];
  await io.out(tableText([...heads, 'CHANGED', 'ADDED', 'REMOVED', 'REPLACES'], rows));
  if (data.length === 0) io.tell('There is no correction.\n');
}

async function show(version: string, asText: boolean, io: CommandIo): Promise<void> {
  const path = `/v1/releases/${encodeURIComponent(version)}/impact`;
  const { meta, data } = await apiClient(io)<ImpactAnswer['data']>(path);
  await io.out(asText ? impactText(meta as ImpactAnswer['meta'], data) : `${JSON.stringify(data)}\n`);
}

function impactText(meta: ImpactAnswer['meta'], data: ImpactAnswer['data']): string {
  const { rows, curves, curve_count, strip_count, use_count } = data;
  const { scenario_run: runs = 0, valuation: valuations = 0, export: exports = 0 } = use_count;
  const missing = meta.approvals_missing;
  const shown = curves.slice(0, CURVES_SHOWN);
  return [
    `${data.source_file}  ${data.version}  as-of ${data.asof_date}, replaces ${data.supersedes}, on ${data.branch}`,
    `${meta.state}${missing === 0 ? '' : `: ${counted(missing, 'approval')} missing`}, sent by ${meta.uploaded_by ?? 'somebody unknown'}`,
    `${counted(rows.changed, 'row')} changed, ${rows.added} added, ${rows.removed} removed, of ${counted(curve_count, 'curve')}`,
    `Touches ${counted(strip_count, 'strip')}, ${counted(runs, 'scenario run')}, ${counted(valuations, 'valuation')}, ${counted(exports, 'export')}`,
    ...shown.map(({ curve, changed, added, removed, contract_from, contract_to }) =>
      printable(
        `  ${curve}: ${changed} changed, ${added} added, ${removed} removed, ${contract_from} to ${contract_to}`,
      ),
    ),
    ...(curve_count > shown.length ? [`  and ${counted(curve_count - shown.length, 'more curve')}`] : []),
    ...meta.decisions.map(({ decision, subject, decided_at, reason }) =>
      printable(`${decision} by ${subject} at ${decided_at}: ${reason}`),
    ),
    '',
  ].join('\n');
}

async function decide(
  version: string,
  body: { readonly decision: 'approve' | 'reject'; readonly reason: string },
  io: CommandIo,
): Promise<void> {
  const path = `/v1/releases/${encodeURIComponent(version)}/decisions`;
  const answer = await apiClient(io)<HotfixDecisionAnswer['data']>(path, {}, body);
  const { state, outcome, approvals_missing } = answer.meta as HotfixDecisionAnswer['meta'];
  await io.out(`${JSON.stringify(answer.data)}\n`);
  const missing = approvals_missing === 0 ? '' : `, ${counted(approvals_missing, 'approval')} missing`;
  io.tell(`${printable(`aurum: ${version} is ${state}${missing} (${outcome})`)}\n`);
}
