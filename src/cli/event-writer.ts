/** `--emit events`: each event with its updated `sigma` map as one line of JSON, no faster than the reader takes them. */
import type { Event, EventObject } from '../core/event.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';

export interface EventWriter {
  readonly write: (event: Event, fields: EventObject) => void;
  /** Resolves when the stream takes more. */
  readonly settle: () => Promise<void>;
}

/** Lines are gathered to pieces of this length: one write for each would take longer than the event. */
const PIECE_CHARACTERS = 65_536;

export function eventWriter(stream: NodeJS.WritableStream): EventWriter {
  let text = '';
  let isFull = false;
  const flush = (): void => {
    if (text === '') return;
    isFull = !stream.write(text);
    text = '';
  };
  return {
    write: (_event, fields) => {
      text += `${JSON.stringify(fields)}\n`;
      if (text.length >= PIECE_CHARACTERS) flush();
    },
    settle: async () => {
      flush();
      if (!isFull) return;
      isFull = false;
      await new Promise((resolve) => stream.once('drain', resolve));
    },
  };
}

/** Throws FlintError: without a specification there are no tags to write. */
export function refuseEventsWithoutFlux(specifications: number): void {
  if (specifications > 0) return;
  const hint = 'give --flux SPEC; without a specification events leave as they came';
  throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', '--emit events needs a flux specification', { hint })]);
}
