/** The card that says how to send a line: choose the input and the shell, copy, run, and see the alert come. */
import type { TestCommand } from '../test-commands.ts';
import { copyButton } from './copy-button.ts';
import { button, element } from './element.ts';

export class TestCommandsView {
  readonly #place: HTMLElement;
  #commands: readonly TestCommand[] = [];
  #shown = '';
  #input = '';
  #shell: TestCommand['shell'] = 'bash';

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Redraws only when something changed: a selection in the command must survive the next poll. */
  update(commands: readonly TestCommand[]): void {
    const text = JSON.stringify(commands);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#commands = commands;
    this.#draw();
  }

  #draw(): void {
    const inputs = [...new Set(this.#commands.map((command) => command.input))];
    if (!inputs.includes(this.#input)) this.#input = inputs[0] ?? '';
    const current =
      this.#commands.find((command) => command.input === this.#input && command.shell === this.#shell) ??
      this.#commands.find((command) => command.input === this.#input);
    if (current === undefined) {
      this.#place.replaceChildren(
        element('p', { class: 'quiet' }, 'No input is listening. Start one with, for example, '),
        element('pre', { class: 'command' }, 'flint run --listen gelf+udp://127.0.0.1:12201'),
      );
      return;
    }
    this.#place.replaceChildren(
      element(
        'div',
        { class: 'tabs', role: 'group', 'aria-label': 'Input' },
        ...inputs.map((name) => this.#inputTab(name)),
      ),
      element('pre', { class: 'command', tabindex: 0 }, current.command),
      element('div', { class: 'command-actions' }, copyButton(current.command, 'Copy command'), ...this.#shellTabs()),
      element(
        'p',
        { class: 'quiet' },
        ...(current.expects === undefined
          ? ['Nothing is loaded that this line could raise; it only shows that lines arrive.']
          : ['Raises an alert for the ', current.expects.kind, ' ', element('code', {}, current.expects.value), '.']),
      ),
    );
  }

  #inputTab(name: string): HTMLElement {
    return button(name, { class: 'tab', 'aria-pressed': String(name === this.#input) }, () => {
      this.#input = name;
      this.#draw();
    });
  }

  #shellTabs(): HTMLElement[] {
    const labels: readonly (readonly [TestCommand['shell'], string])[] = [
      ['bash', 'bash'],
      ['node', 'any shell'],
    ];
    return labels.map(([shell, label]) =>
      button(label, { class: 'tab', 'aria-pressed': String(shell === this.#shell) }, () => {
        this.#shell = shell;
        this.#draw();
      }),
    );
  }
}
