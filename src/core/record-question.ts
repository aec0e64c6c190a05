/**
 * RecordQuestion: what was asked about a record to tell its kind, and the answer. A record that answers all questions as the first of
 * its kind did is of that kind; so every kind is a path of questions, each chosen by the answers before it.
 */

/**
 * `present`: is the key there. `value`: what stands there, byte by byte, or that an object does. `class`: only whether an object, an array,
 * null or something else stands there. `first`: the first character of what stands there. `alone`: has the record one key only.
 */
export type QuestionKind = 'present' | 'value' | 'class' | 'first' | 'alone';
export type QuestionAnswer = 'absent' | 'object' | 'array' | 'scalar' | 'null' | 'yes';

export interface RecordQuestion {
  readonly ask: QuestionKind;
  /** Keys from the record down to the value; empty for `alone`. */
  readonly path: readonly string[];
  /** Of `value` and `first`: all but `absent` and `object` stand for their bytes. */
  readonly answer: QuestionAnswer;
}
