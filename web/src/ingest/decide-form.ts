/** One reason and the decisions it may be given for. Knows not what is decided on. */
import { h, show } from '../dom.ts';
import { problemView } from '../region.ts';

export interface Choice<Decision> {
  readonly label: string;
  body(reason: string): Decision;
}

/** @param send resolves when the decision is taken; what it throws is shown. */
export function decideForm<Decision>(
  choices: readonly Choice<Decision>[],
  send: (decision: Decision) => Promise<void>,
): HTMLElement | null {
  if (choices.length === 0) return null;
  const trouble = h('div', { 'aria-live': 'assertive' });
  const reason = h('input', {
    name: 'reason',
    required: true,
    minlength: 3,
    placeholder: 'Why: others read it',
    'aria-label': 'Reason',
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const chosen = choices[Number((event.submitter as HTMLButtonElement).value)]!;
    await send(chosen.body(reason.value)).catch((error: unknown) =>
      show(trouble, problemView(error, 'Not decided')),
    );
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
