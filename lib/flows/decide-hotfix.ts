/** Corrections as people see them: what each changes and whom it touches, and who lets it in. */
import type { Caller } from '#lib/domain/access.ts';
import { busy, refusal } from '#lib/domain/errors.ts';
import { weighHotfixDecision } from '#lib/domain/hotfix-approval.ts';
import {
  type HotfixDecision,
  type HotfixDecisionAnswer,
  type HotfixDecisionRequest,
  type HotfixListAnswer,
  type HotfixStanding,
  type HotfixState,
  type ImpactAnswer,
  type ImpactList,
  impactList,
} from '#schemas/hotfix.ts';
import { parseReport } from '#schemas/stages.ts';
import type { AuditPorts } from './audit.ts';
import { auditDecision, keepDecision } from './decisions.ts';
import { type HotfixPorts, hotfixStanding, impactOf, releaseToCorrect } from './hotfix.ts';
import { readJson, requireJson } from './json-objects.ts';
import { IMPACTS, impactKey, stagedReportKey, versionOfKey } from './stage-keys.ts';
import { storableJson } from './storable-json.ts';
import { sendersOf } from './uploader.ts';

export interface DecideHotfixPorts extends AuditPorts, HotfixPorts {}

/** Whoever loses a race weighs again; nobody loses this often. */
const ATTEMPTS = 20;

interface Correction {
  readonly impact: ImpactList;
  readonly standing: HotfixStanding;
  readonly senders: readonly string[];
}

/** @throws AurumError `impact_not_found` for a version that corrects nothing. */
async function correctionOf(version: string, ports: HotfixPorts): Promise<Correction> {
  const impact = await readJson(ports.objects, impactKey(version), impactList);
  if (impact === undefined) {
    throw refusal('impact_not_found', `no correction ${version} is known`, {
      field: 'version',
      remedy: 'GET /v1/hotfixes lists the corrections.',
    });
  }
  const report = await requireJson(ports.objects, stagedReportKey(version), parseReport);
  const senders = await sendersOf(report.source, ports.audit);
  return { impact, senders, standing: await hotfixStanding(impact, senders, ports) };
}

export async function showImpact(
  { version }: { readonly version: string },
  ports: HotfixPorts,
): Promise<ImpactAnswer> {
  const { impact, standing } = await correctionOf(version, ports);
  return { meta: { version, ...standing }, data: impact };
}

/** Newest market day first. */
export async function listHotfixes(
  query: { readonly state?: HotfixState | undefined },
  ports: HotfixPorts,
): Promise<HotfixListAnswer> {
  const data: HotfixListAnswer['data'] = [];
  for await (const { key } of ports.objects.list(IMPACTS)) {
    const { impact, standing } = await correctionOf(versionOfKey(key), ports);
    if (query.state !== undefined && query.state !== standing.state) continue;
    const { version, vendor, asof_date, source_file, branch, supersedes, becomes_current, rows } = impact;
    const named = { version, vendor, asof_date, source_file, branch, supersedes, becomes_current, rows };
    const { state, approvals_missing } = standing;
    data.push({ ...named, state, approvals_missing });
  }
  data.sort((a, b) => (`${a.asof_date}|${a.branch}` < `${b.asof_date}|${b.branch}` ? 1 : -1));
  return { meta: { count: data.length }, data };
}

/** @throws AurumError (refused) as `weighHotfixDecision`; `impact_replaced_conflict` when the list is of the past. */
export async function decideHotfix(
  { version, body }: { readonly version: string; readonly body: HotfixDecisionRequest },
  ports: DecideHotfixPorts,
  { subject, tenant }: Pick<Caller, 'subject' | 'tenant'>,
): Promise<HotfixDecisionAnswer> {
  storableJson({ body, subject, tenant });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { impact, standing, senders } = await correctionOf(version, ports);
    const { state, decisions } = standing;
    const correction = { impact, senders, decisions };
    const already = weighHotfixDecision(body, subject, state, correction);
    if (already !== undefined) return kept('already', already, version, ports);
    if (body.decision === 'approve') await requireFresh(impact, ports);
    const decision: HotfixDecision = {
      version,
      number: decisions.length + 1,
      subject,
      tenant,
      ...body,
      supersedes: impact.supersedes,
      decided_at: ports.clock.now(),
    };
    if (await keepDecision('hotfix', decision, ports.objects))
      return kept('recorded', decision, version, ports);
  }
  throw busy('decisions_contended', `others decide on ${version} at the same moment`);
}

async function kept(
  outcome: HotfixDecisionAnswer['meta']['outcome'],
  data: HotfixDecision,
  version: string,
  ports: DecideHotfixPorts,
): Promise<HotfixDecisionAnswer> {
  await auditDecision('hotfix', data, ports);
  const { state, approvals_missing } = (await correctionOf(version, ports)).standing;
  return { meta: { version, outcome, state, approvals_missing }, data };
}

/** Another correction may have been released since the list was made: then it is made anew, and looked at again. */
async function requireFresh(impact: ImpactList, ports: HotfixPorts): Promise<void> {
  const current = await releaseToCorrect(impact, ports.tables);
  if (current === undefined || current.version === impact.supersedes) return;
  const report = await requireJson(ports.objects, stagedReportKey(impact.version), parseReport);
  await impactOf(report, impact.branch, current, ports);
  throw refusal('impact_replaced_conflict', `${current.version} was released since: the list is made anew`, {
    remedy: 'Look at the list again, then decide.',
  });
}
