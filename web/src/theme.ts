/** Light or dark: as the system says, until somebody says otherwise. */
import { h } from './dom.ts';

const STORED = 'aurum-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

const isDark = (): boolean => {
  const said = localStorage.getItem(STORED);
  return said === null ? system.matches : said === 'dark';
};

function apply(): void {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  dispatchEvent(new Event('themechange'));
}

export function startTheme(): void {
  apply();
  system.addEventListener('change', apply);
}

export function themeButton(): HTMLButtonElement {
  const say = () => (isDark() ? 'Light' : 'Dark');
  const button = h(
    'button',
    {
      type: 'button',
      class: 'plain',
      onclick: () => {
        localStorage.setItem(STORED, isDark() ? 'light' : 'dark');
        apply();
      },
    },
    say(),
  );
  const rename = () => {
    button.textContent = say();
    button.setAttribute('aria-label', `${say()} colours`);
  };
  rename();
  addEventListener('themechange', rename);
  return button;
}
