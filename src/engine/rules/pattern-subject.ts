/** An event as STIX patterns see it: its cyber observables, made by the mappings as far as they are asked for, each type once. */
import type { Event, EventObject } from '../../core/event.ts';
import type { Observable } from '../../core/observable.ts';
import { textLine } from '../../fields/mapping/text-line.ts';
import { observe } from '../../fields/observables.ts';
import { EventObjects } from '../../fields/stix/event-objects.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import type { ObservedObject, Subject } from '../../match/subject.ts';

export class PatternSubjects {
  readonly #mappings: readonly StixMapping[];
  readonly #lines = textLine();

  constructor(mappings: readonly StixMapping[]) {
    this.#mappings = mappings;
  }

  of(event: Event): Subject {
    const objects = new EventObjects(this.#fieldsOf(event), this.#mappings, () =>
      observe(event).observables.filter((one) => isObserved(one, event)),
    );
    const byType = new Map<string, readonly ObservedObject[]>();
    return {
      fields: event.fields,
      objects: (type) => {
        let known = byType.get(type);
        if (known === undefined) {
          known = [...objects.objects(type)];
          byType.set(type, known);
        }
        return known;
      },
      resolve: (id) => objects.resolve(id),
    };
  }

  /** Lines of access logs have fields as well, although no decoder takes them apart. */
  #fieldsOf({ fields, format }: Event): EventObject {
    return format === 'text' && this.#lines.recognises(fields) ? this.#lines.view(fields).event.base : fields;
  }
}

/**
 * A name inside a longer text of a structured event may well be a file (`cmd.exe`): comparisons other than equality would take it
 * for a domain. A line of text has no other places.
 */
function isObserved(observable: Observable, event: Event): boolean {
  return observable.kind !== 'domain' || observable.place !== 'text' || event.format === 'text';
}
