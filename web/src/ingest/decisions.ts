/** How a workbook in quarantine stands, and what may be decided on it: two people release it. */
import type { Answer, Body } from '../../../client/aurum.ts';
import { type Child, h, show } from '../dom.ts';
import { clock, count } from '../format.ts';
import { fact } from '../market/diff.ts';
import { problemView } from '../region.ts';
import { api } from '../session.ts';
import { table } from '../table.ts';

type Shown = Answer<'GET /v1/quarantine/{version}'>['data'];
type Standing = Shown['standing'];
type Decision = Body<'POST /v1/quarantine/{version}/decisions'>;

/** @param decided shows the workbook anew. */
export function decisionsPanel({ version, standing }: Shown, mayDecide: boolean, decided: () => void): Child {
  const { state, uploaded_by, blocking, decisions, not_overridable_because } = standing;
  return [
    h('dl', { class: 'facts' }, [fact('Stands', state), fact('Uploaded by', uploaded_by ?? 'not known')]),
    blocking.length === 0 ? null : blockingTable(blocking),
    decisions.length === 0 ? null : decisionsTable(decisions),
    not_overridable_because === null
      ? null
      : h('p', { class: 'hint' }, `No override: ${not_overridable_because}.`),
    mayDecide ? form(version, standing, decided) : null,
  ];
}

function blockingTable(blocking: Standing['blocking']): HTMLElement {
  return table(
    'Why it is held',
    [
      { head: 'Rule', text: true },
      { head: 'Suite', text: true },
      { head: 'Override', text: true },
      { head: 'Not met' },
      { head: 'First cells', text: true },
    ],
    blocking.map(({ rule, suite, name, unexpected_count, cells }) => ({
      cells: [rule, suite, name ?? 'never', count(unexpected_count), cells.slice(0, 6).join(', ')],
    })),
  );
}

function decisionsTable(decisions: Standing['decisions']): HTMLElement {
  return table(
    'Decisions',
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

/** What the standing leaves open, with one reason for it. */
function form(version: string, standing: Standing, decided: () => void): HTMLElement | null {
  const choices = choicesOf(standing);
  if (choices.length === 0) return null;
  const trouble = h('div', { 'aria-live': 'assertive' });
  const reason = h('input', {
    name: 'reason',
    required: true,
    minlength: 3,
    placeholder: 'Why',
    'aria-label': 'Reason',
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const chosen = choices[Number((event.submitter as HTMLButtonElement).value)]!;
    try {
      await api.post('/v1/quarantine/{version}/decisions', { version }, chosen.body(reason.value));
      decided();
    } catch (error) {
      show(trouble, problemView(error, 'Not decided'));
    }
  };
  const buttons = choices.map(({ label }, at) => h('button', { type: 'submit', value: at }, label));
  return h(
    'form',
    { class: 'decide', onsubmit: (event: SubmitEvent) => void submit(event) },
    reason,
    buttons,
    trouble,
  );
}

interface Choice {
  readonly label: string;
  body(reason: string): Decision;
}

function choicesOf({ state, overridable, retryable, blocking }: Standing): Choice[] {
  const [first, ...more] = blocking.flatMap(({ name }) => (name === null ? [] : [name]));
  const choices: Choice[] = [];
  if (state === 'held' && overridable && first !== undefined) {
    choices.push({
      label: 'Propose to override',
      body: (reason) => ({ decision: 'override', expectations: [first, ...more], reason }),
    });
  }
  if (state === 'proposed')
    choices.push({ label: 'Approve', body: (reason) => ({ decision: 'approve', reason }) });
  if (state === 'held' && retryable)
    choices.push({ label: 'Run the gate again', body: (reason) => ({ decision: 'retry', reason }) });
  if (state === 'held' || state === 'proposed')
    choices.push({ label: 'Reject', body: (reason) => ({ decision: 'reject', reason }) });
  return choices;
}
