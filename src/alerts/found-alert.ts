/**
 * FoundAlert: what everything behind the matching knows of an alert. Its record and its event are there for who asks; most need only
 * the line of JSON, the id, and what suppression goes by.
 */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import type { JsonPiece } from '../core/json-text.ts';

export interface FoundAlert {
  readonly id: string;
  /** Names the rule in the id. */
  readonly ruleKey: string;
  /** What it counts as in a summary: two columns with a tab between them. */
  readonly label: string;
  /** Host of the event, else its source address, else its input. */
  readonly where: string;
  /** Event time, milliseconds since the epoch. */
  readonly timeMs: number;
  /** It takes back the alert of its id; absent: false. */
  readonly isWithdrawal?: boolean;
  /** Characters that the alert holds, about. */
  readonly textLength: number;
  /** Made when it is first asked for. */
  readonly alert: Alert;
  /** Made when it is first asked for. */
  readonly event: Event;
  /** `jsonLine` of the alert. */
  json(): string;
  /** The same in pieces, where it is made of such. */
  pieces?(): readonly JsonPiece[];
}
