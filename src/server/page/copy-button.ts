/** A button that copies a text and says so. Without clipboard access (plain HTTP off loopback) it says that instead. */
import { button, setText } from './element.ts';

const SAID_MS = 1500;

export function copyButton(text: string, label: string): HTMLButtonElement {
  const say = (what: string): void => {
    setText(node, what);
    setTimeout(() => setText(node, 'Copy'), SAID_MS);
  };
  const node = button('Copy', { class: 'ghost copy', 'aria-label': label }, () => {
    if (navigator.clipboard === undefined) {
      say('Select it by hand');
      return;
    }
    navigator.clipboard.writeText(text).then(
      () => say('Copied'),
      () => say('Not allowed'),
    );
  });
  return node;
}
