// The page begins here.
import { html, render } from '../vendor/preact.js';
import { App } from './app.js';
import { start } from './session.js';
import { hasUnsent } from './store.js';
import { startSync } from './sync.js';
import { Splash } from './views/auth.js';
import { Button } from './ui/form.js';

const root = document.getElementById('app');

async function begin() {
  render(html`<${App} />`, root);
  try {
    await start();
  } catch (error) {
    render(html`
      <${Splash}>
        <p role="alert">${error.message}</p>
        <${Button} type="button" kind="quiet" onClick=${begin}>Try again<//>
      <//>`, root);
  }
}

window.addEventListener('beforeunload', (event) => {
  if (hasUnsent()) event.preventDefault();
});

startSync();
begin();
