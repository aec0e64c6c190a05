/** Sparkline: a small SVG of rates, oldest left, with a text for those who do not see it. */
import { vector } from './element.ts';
import { rate } from './format.ts';

const WIDTH = 300;
const HEIGHT = 44;

/** Path of the line, scaled to the greatest value; the last value stands at the right edge, however few there are. */
export function linePath(values: readonly number[], slots: number): string {
  const top = Math.max(...values, 1e-9);
  const step = WIDTH / Math.max(1, slots - 1);
  return values
    .map((value, i) => {
      const x = WIDTH - (values.length - 1 - i) * step;
      const y = HEIGHT - 2 - (value / top) * (HEIGHT - 6);
      return `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

export function drawSparkline(place: HTMLElement, what: string, values: readonly number[], slots: number): void {
  const recent = values.slice(-slots);
  const label =
    recent.length === 0
      ? `${what} per second: no figures yet`
      : `${what} per second: now ${rate(recent.at(-1) ?? 0)}, highest ${rate(Math.max(...recent))}`;
  const line = linePath(recent, slots);
  const left = (WIDTH - (recent.length - 1) * (WIDTH / Math.max(1, slots - 1))).toFixed(1);
  place.replaceChildren(
    vector(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
      vector('title', {}, label),
      vector('path', { class: 'base', d: `M0 ${HEIGHT - 1}H${WIDTH}` }),
      recent.length < 2
        ? undefined
        : vector('path', { class: 'area', d: `${line}L${WIDTH} ${HEIGHT}L${left} ${HEIGHT}Z` }),
      recent.length < 2 ? undefined : vector('path', { class: 'line', d: line }),
    ),
  );
}
