/** Takes workbooks dropped on it or chosen, asks for the day their name does not state, and sends them. */
import { h, show } from '../dom.ts';
import { emptyView, problemView } from '../region.ts';
import { api } from '../session.ts';

const LIMIT_BYTES = 32 * 1024 * 1024;
const NAMED_DAY = /^EOD_[a-z0-9]+_\d{8}_\d{4}\.xlsx$/i;

export function dropZone(mayUpload: boolean, uploaded: (key: string) => void): HTMLElement {
  if (!mayUpload) return emptyView('Workbooks are uploaded by the roles ops and admin.');
  const status = h('div', { class: 'sending', 'aria-live': 'polite' });
  const chosen = h('input', {
    type: 'file',
    accept: '.xlsx',
    multiple: true,
    class: 'unseen',
    id: 'workbooks',
  });
  const zone = h(
    'section',
    { class: 'panel drop', 'aria-label': 'Upload workbooks' },
    h(
      'label',
      { for: 'workbooks' },
      h('b', {}, 'Drop workbooks here'),
      h('span', { class: 'quiet' }, ' or choose files (.xlsx, up to 32 MB)'),
    ),
    chosen,
    status,
  );
  const take = (files: Iterable<File>) => {
    for (const file of files) offer(file, status, uploaded);
  };
  chosen.addEventListener('change', () => {
    take(chosen.files ?? []);
    chosen.value = '';
  });
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    take(event.dataTransfer?.files ?? []);
  });
  return zone;
}

function offer(file: File, status: HTMLElement, uploaded: (key: string) => void): void {
  const line = h('div', { class: 'line' });
  status.prepend(line);
  if (!/\.xlsx$/i.test(file.name)) {
    show(line, refused(`${file.name} is no .xlsx workbook and was not sent`));
    return;
  }
  if (file.size > LIMIT_BYTES) {
    show(line, refused(`${file.name} is larger than 32 MB and was not sent`));
    return;
  }
  if (NAMED_DAY.test(file.name)) {
    void send(file, undefined, line, uploaded);
    return;
  }
  const day = h('input', { type: 'date', required: true, 'aria-label': `As-of day of ${file.name}` });
  const given = (event: Event) => {
    event.preventDefault();
    void send(file, day.value, line, uploaded);
  };
  show(
    line,
    h(
      'form',
      { onsubmit: given },
      h('b', {}, file.name),
      ' does not state its market day: ',
      day,
      h('button', { type: 'submit', class: 'primary' }, 'Send'),
    ),
  );
  day.focus();
}

const refused = (said: string) => h('div', { class: 'problem', role: 'alert' }, h('strong', {}, said));

async function send(
  file: File,
  asof: string | undefined,
  line: HTMLElement,
  uploaded: (key: string) => void,
): Promise<void> {
  show(line, `Sending ${file.name}`);
  try {
    const query = { name: file.name, ...(asof === undefined ? {} : { asof }) };
    const { data } = await api.post('/v1/workbooks', query, file);
    show(line, `${file.name} is in the raw area of ${data.asof_date}.`);
    uploaded(data.key);
  } catch (error) {
    show(line, problemView(error, `${file.name} was not taken`));
  }
}
