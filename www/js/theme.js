// The chosen theme: 'auto' follows the system, 'light' and 'dark' override it on this device.
import { signal } from '../vendor/preact.js';
import { recall, remember } from './storage.js';

export const THEMES = ['auto', 'light', 'dark'];

const stored = recall('theme');
export const theme = signal(THEMES.includes(stored) ? stored : 'auto');

export function chooseTheme(next) {
  theme.value = next;
  remember('theme', next === 'auto' ? null : next);
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}

// Which sky stands over the page: it follows the hour, and is nothing but decoration.
export function skyOf(hour) {
  if (hour >= 5 && hour < 9) return 'dawn';
  if (hour >= 9 && hour < 17) return 'day';
  if (hour >= 17 && hour < 21) return 'dusk';
  return 'night';
}
