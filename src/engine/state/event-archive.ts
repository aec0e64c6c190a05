/**
 * The evidence log as stateful rules see it: events in, events out. Opened when the first event is put or asked for, so that a service
 * without such rules has none. Events of inputs that cannot be read again are also what state is made anew from after a crash: they
 * stand in the log before they are acknowledged. A log that cannot be opened costs later alerts their events, never the matching: that is counted
 * and tried again.
 */
import type { Event } from '../../core/event.ts';
import type { EventArchive } from '../../state/event-log.ts';
import { EvidenceLog, type EvidenceOptions, type EvidencePosition } from '../../store/evidence-log.ts';
import type { EvidenceReference } from '../../store/evidence-record.ts';

/** Of an event whose original text is the JSON of its fields only the fields are kept. */
interface SavedEvent extends Omit<Event, 'original'> {
  readonly original?: string;
}

export class FileEventArchive implements EventArchive {
  readonly #folder: () => string;
  readonly #options: EvidenceOptions;
  #log: EvidenceLog | undefined;
  /** Events that found no log. */
  #unkept = 0;

  /** `folder` is called when the log is opened. */
  constructor(folder: () => string, options: EvidenceOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  put(event: Event): void {
    const log = this.#opened();
    if (log === undefined) this.#unkept++;
    else log.put(referenceOf(event), () => encoded(event));
  }

  get(source: string, position: number, part: number): Event | undefined {
    const body = this.#opened()?.get({ source, position, part });
    return body === undefined ? undefined : decoded(body);
  }

  /** To be called before what was put is acknowledged. */
  flush(): void {
    this.#log?.flush();
  }

  /** Everything put until now stands before it; undefined when the log cannot be opened. */
  get position(): EvidencePosition | undefined {
    return this.#opened()?.position;
  }

  /** Events since then of sources that cannot be read again, in the order they were put. */
  *since(position: EvidencePosition): Generator<Event, void> {
    for (const body of this.#opened()?.since(position) ?? []) {
      const event = decoded(body);
      if (!event.origin.source.replayable) yield event;
    }
  }

  /** Under the names of the metrics page. */
  metrics(): Readonly<Record<string, number>> {
    if (this.#log === undefined) return this.#unkept === 0 ? {} : { evidence_failed: this.#unkept };
    const { events, bytes, dropped, failed } = this.#log.counts;
    return {
      evidence_events: events,
      evidence_bytes: bytes,
      evidence_dropped: dropped,
      evidence_failed: failed + this.#unkept,
    };
  }

  close(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  #opened(): EvidenceLog | undefined {
    try {
      this.#log ??= new EvidenceLog(this.#folder(), this.#options);
    } catch (error) {
      // A full or failing disk, a folder that is not ours.
      this.#options.onFailure((error as NodeJS.ErrnoException).code ?? 'unknown error');
    }
    return this.#log;
  }
}

function referenceOf({ origin }: Event): EvidenceReference {
  return { source: origin.source.id, position: origin.position, part: origin.part };
}

function encoded(event: Event): string {
  const { original, ...rest } = event;
  const saved: SavedEvent = original === JSON.stringify(event.fields) ? rest : event;
  return JSON.stringify(saved);
}

function decoded(body: string): Event {
  // The checksum held: this was written by `encoded`.
  const saved = JSON.parse(body) as SavedEvent;
  return { ...saved, original: saved.original ?? JSON.stringify(saved.fields) };
}
