/** Theme: as the system says, or dark, or light; remembered in this browser. */
import { byId, setText } from './element.ts';

const THEMES = ['auto', 'dark', 'light'] as const;
type Theme = (typeof THEMES)[number];
const LABELS: Readonly<Record<Theme, string>> = { auto: '◐ Auto', dark: '● Dark', light: '○ Light' };

export function initTheme(): void {
  let theme = stored();
  apply(theme);
  byId('theme').addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
    try {
      localStorage.setItem('flint-theme', theme);
    } catch {
      // Storage is switched off in this browser: the choice lasts as long as the page.
    }
    apply(theme);
  });
}

function stored(): Theme {
  try {
    const text = localStorage.getItem('flint-theme');
    return THEMES.find((theme) => theme === text) ?? 'auto';
  } catch {
    // Storage is switched off in this browser.
    return 'auto';
  }
}

function apply(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  const toggle = byId('theme');
  setText(toggle, LABELS[theme]);
  toggle.setAttribute('aria-label', `Colour theme: ${theme}`);
}
