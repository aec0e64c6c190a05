/** LogSource: Sigma's triple of category, product and service. Containment as in sigma.md section 3. */
export interface LogSource {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
}

/** True when every attribute that `outer` sets is equal in `inner`. */
export function covers(outer: LogSource, inner: LogSource): boolean {
  return (
    (outer.category === undefined || outer.category === inner.category) &&
    (outer.product === undefined || outer.product === inner.product) &&
    (outer.service === undefined || outer.service === inner.service)
  );
}
