/**
 * PossibleShapes: which shapes can recognise a record with these keys at all. Most shapes say no by keys that are not there, before they look at
 * any value: that holds for every record with the same keys, and records of one source have the same. Which shapes these are is told by
 * the questions they ask (`traced-fields.ts`) of a record that has the keys and nothing else.
 */
import type { EventObject } from '../../core/event.ts';
import { PerKeys } from '../../core/per-keys.ts';
import type { Shape } from './shape.ts';
import { TracedFields } from './traced-fields.ts';

/** Lists of keys that are remembered; log content decides how many there are. */
const MAX_LISTS = 1024;

export class PossibleShapes {
  readonly #byKeys: PerKeys<readonly Shape[]>;

  constructor(shapes: readonly Shape[]) {
    this.#byKeys = new PerKeys((keys) => {
      const record = Object.fromEntries(keys.map((key) => [key, null]));
      return shapes.filter((shape) => !isRuledOut(shape, record));
    }, MAX_LISTS);
  }

  /** In the order of the registry. */
  of(fields: EventObject): readonly Shape[] {
    return this.#byKeys.of(Object.keys(fields));
  }
}

/** The shape says no, whatever stands under the keys. */
function isRuledOut(shape: Shape, record: EventObject): boolean {
  const trace = new TracedFields(record);
  try {
    if (shape.recognises(trace.fields) || trace.isOpen) return false;
    return trace.questions.every(({ ask, answer }) => ask === 'present' || ask === 'alone' || answer === 'absent');
  } finally {
    trace.end();
  }
}
