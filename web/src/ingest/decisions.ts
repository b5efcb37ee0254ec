/** How a workbook in quarantine stands, and what may be decided on it: two people release it. */
import type { Answer, Body } from '../../../client/aurum.ts';
import { type Child, h } from '../dom.ts';
import { clock, count } from '../format.ts';
import { fact } from '../market/diff.ts';
import { api, type Me } from '../session.ts';
import { table } from '../table.ts';
import { type Choice, decideForm } from './decide-form.ts';

type Shown = Answer<'GET /v1/quarantine/{version}'>['data'];
type Standing = Shown['standing'];
type Decided = Pick<Standing['decisions'][number], 'decision' | 'subject' | 'reason' | 'decided_at'>;
type Decision = Body<'POST /v1/quarantine/{version}/decisions'>;

/** @param decided shows the workbook anew. */
export function decisionsPanel({ version, standing }: Shown, me: Me, decided: () => void): Child {
  const { state, uploaded_by, decisions, not_overridable_because } = standing;
  const ownPart = ownPartIn(standing, me);
  const mayDecide = me.permissions.includes('quarantine:decide');
  return [
    decisions.length === 0 ? null : [h('h3', {}, 'Decisions'), decisionsTable('Decisions', decisions)],
    h('dl', { class: 'facts' }, [
      fact('State', state),
      fact('Uploaded by', uploaded_by ?? 'not known'),
      not_overridable_because === null && fact('What next', nextStep(state)),
    ]),
    not_overridable_because === null
      ? null
      : h('p', { class: 'hint' }, `No override: ${not_overridable_because}.`),
    mayDecide && state === 'proposed' && ownPart !== undefined
      ? h('p', { class: 'hint' }, `You ${ownPart} it: somebody else approves it.`)
      : null,
    mayDecide ? form(version, standing, ownPart === undefined, decided) : null,
  ];
}

/** @param people names, as the API joins those who sent a workbook. */
export const isAmong = (subject: string, people: string | null): boolean =>
  people?.split(', ').includes(subject) === true;

/** What keeps the caller from approving; undefined where nothing does. */
function ownPartIn({ uploaded_by, decisions }: Standing, { subject }: Me): string | undefined {
  if (isAmong(subject, uploaded_by)) return 'sent';
  const proposal = decisions.findLast(({ decision }) => decision === 'override');
  return proposal?.subject === subject ? 'proposed' : undefined;
}

/** Two people release it, and the one who sent it is neither. */
const nextStep = (state: Standing['state']): string =>
  state === 'held'
    ? 'send a corrected file, or propose to override what is named'
    : state === 'proposed'
      ? 'somebody who neither sent nor proposed it approves'
      : 'nothing is left to decide';

export function whyHeld({ blocking }: Standing): Child {
  if (blocking.length === 0) return null;
  const rules = table(
    'Why it is held',
    [
      { head: 'Rule', text: true },
      { head: 'Suite', text: true },
      { head: 'May be overridden as', text: true },
      { head: 'Not met' },
      { head: 'First cells', text: true },
    ],
    blocking.map(({ rule, suite, name, unexpected_count, cells }) => ({
      cells: [rule, suite, name ?? 'never', count(unexpected_count), cells.slice(0, 6).join(', ')],
    })),
  );
  return [h('h3', {}, 'Why it is held'), rules];
}

/** Who decided what and why. */
export function decisionsTable(caption: string, decisions: readonly Decided[]): HTMLElement {
  return table(
    caption,
    [
      { head: 'Decision', text: true },
      { head: 'By', text: true },
      { head: 'Reason', text: true },
      { head: 'At', text: true },
    ],
    decisions.map(({ decision, subject, reason, decided_at }) => ({
      cells: [decision, subject, reason, clock(decided_at)],
    })),
  );
}

/** What the standing leaves open. */
const form = (version: string, standing: Standing, mayApprove: boolean, decided: () => void) =>
  decideForm(choicesOf(standing, mayApprove), async (decision) => {
    await api.post('/v1/quarantine/{version}/decisions', { version }, decision);
    decided();
  });

function choicesOf(
  { state, overridable, retryable, blocking }: Standing,
  mayApprove: boolean,
): Choice<Decision>[] {
  const [first, ...more] = blocking.flatMap(({ name }) => (name === null ? [] : [name]));
  const choices: Choice<Decision>[] = [];
  if (state === 'held' && overridable && first !== undefined) {
    choices.push({
      label: 'Propose to override',
      body: (reason) => ({ decision: 'override', expectations: [first, ...more], reason }),
    });
  }
  if (state === 'proposed' && mayApprove)
    choices.push({ label: 'Approve', body: (reason) => ({ decision: 'approve', reason }) });
  if (state === 'held' && retryable)
    choices.push({ label: 'Run the gate again', body: (reason) => ({ decision: 'retry', reason }) });
  if (state === 'held' || state === 'proposed')
    choices.push({ label: 'Reject', body: (reason) => ({ decision: 'reject', reason }) });
  return choices;
}
