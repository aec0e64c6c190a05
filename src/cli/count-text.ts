/** Numbers as people read them: 1,234,567. Of whole numbers what `toLocaleString('en')` gives, which loads the tables of all languages. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 feed`, `1,234 feeds`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
