/**
 * From a found alert to the outputs: repeats are held back, what remains is shown to watchers and handed to every output. The
 * promise of `send` settles when each alert is delivered, durable or counted.
 */
import { join } from 'node:path';
import { type SuppressedAlert, type SuppressionSnapshot, Suppressor } from '../alerts/suppressor.ts';
import { closing, encodeChunk, type SnapshotChunk } from '../state/snapshot/chunk.ts';
import type { StatefulPart } from '../state/snapshot/stateful-part.ts';
import type { Outputs } from './outputs.ts';
import { SuppressionFile } from './suppression-file.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';

/** The record is made when somebody looks. */
export type ShownAlert = Pick<SuppressedAlert, 'alert' | 'textLength'>;

export interface AlertPathOptions {
  readonly outputs: Outputs;
  readonly suppressMs: number;
  /** Folder that keeps open suppression windows over restarts; absent: not kept. */
  readonly stateFolder?: string;
  /** A state file that could not be read was set aside. */
  readonly onDamaged: (path: string) => void;
  /** Told of each alert that goes out, in its order. */
  readonly onAlert: (shown: ShownAlert) => void;
}

export class AlertPath {
  readonly #options: AlertPathOptions;
  readonly #suppressor: Suppressor;
  readonly #file: SuppressionFile | undefined;
  #saving: Promise<void> = Promise.resolve();
  sent = 0;
  /** Alerts that were taken back, also of those held back. */
  withdrawn = 0;

  constructor(options: AlertPathOptions) {
    this.#options = options;
    this.#suppressor = new Suppressor({ windowMs: options.suppressMs });
    this.#file =
      options.stateFolder === undefined
        ? undefined
        : new SuppressionFile(join(options.stateFolder, 'suppression.ndjson'));
    const stored = this.#file?.load(options.onDamaged);
    if (stored !== undefined) this.#suppressor.restore(stored);
  }

  /** The open windows, saved and restored with the state that spans events. */
  get part(): StatefulPart {
    return {
      name: 'suppression',
      snapshot: () => windowChunks(this.#suppressor.snapshot().windows),
      restore: (chunks) => {
        if (chunks.size === 0) return [];
        const windows = [...chunks.values()].flatMap(({ key, head }) =>
          key === 'closing' ? [] : (head as SuppressionSnapshot['windows']),
        );
        this.#suppressor.restore({ version: 1, windows });
        return [];
      },
      report: () => [],
    };
  }

  get heldBack(): number {
    return this.#suppressor.heldBack;
  }

  async send(found: readonly FoundAlert[], nowMs: number): Promise<void> {
    const sending = found.flatMap((one) => {
      if (one.isWithdrawal === true) this.withdrawn++;
      return this.#suppressor.offer(one, nowMs).send;
    });
    await this.#deliver(sending);
  }

  /** As `send` up to the outputs, with a suppression of its own. */
  rehearse(found: readonly FoundAlert[], nowMs: number): void {
    const suppressor = new Suppressor({ windowMs: this.#options.suppressMs });
    this.#options.outputs.rehearse(found.flatMap((one) => suppressor.offer(one, nowMs).send));
  }

  /** Closing updates of windows that have ended; to be called about every second. */
  async tick(nowMs: number): Promise<void> {
    await this.#deliver(this.#suppressor.expire(nowMs));
  }

  /** Writes what has changed of the open windows until now. Rejects when that cannot be done; it is tried again the next time. */
  save(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return this.#saving;
    const changes = this.#suppressor.takeChanges();
    const saving = this.#saving.then(() => file.save(changes, () => this.#suppressor.snapshot()));
    this.#saving = saving.catch(() => this.#suppressor.forgetChanges());
    return saving;
  }

  /** Lets go of the file; what was not saved is not. */
  async close(): Promise<void> {
    await this.#saving;
    await this.#file?.close();
  }

  async #deliver(alerts: readonly SuppressedAlert[]): Promise<void> {
    this.sent += alerts.length;
    for (const one of alerts) this.#options.onAlert(one);
    await this.#options.outputs.deliver(alerts);
  }
}

/** Windows of one chunk of a snapshot: some milliseconds of work. */
const WINDOWS_PER_CHUNK = 200;

function* windowChunks(windows: SuppressionSnapshot['windows']): Generator<SnapshotChunk, void> {
  const keys: string[] = [];
  for (let from = 0; from < windows.length; from += WINDOWS_PER_CHUNK) {
    const key = `windows/${keys.length}`;
    keys.push(key);
    yield encodeChunk(key, windows.slice(from, from + WINDOWS_PER_CHUNK));
  }
  yield closing(keys);
}
