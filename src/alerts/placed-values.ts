/** What an event says in places of ECS: values by place, in the order in which `nested` nests them. An event has a dozen. */
export class PlacedValues {
  readonly places: string[] = [];
  readonly values: (string | number)[] = [];

  get(place: string): string | number | undefined {
    const at = this.places.indexOf(place);
    return at < 0 ? undefined : this.values[at];
  }

  has(place: string): boolean {
    return this.places.includes(place);
  }

  /** A place that has a value already keeps its place in the order. */
  set(place: string, value: string | number): void {
    const at = this.places.indexOf(place);
    if (at < 0) this.add(place, value);
    else this.values[at] = value;
  }

  /** Of a place that has no value yet. */
  add(place: string, value: string | number): void {
    this.places.push(place);
    this.values.push(value);
  }
}
