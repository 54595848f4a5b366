const NAMESPACE = "http://www.w3.org/2000/svg";

type Child = Node | string;
type Value = string | number;

/** Make an SVG element; strings become text nodes. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** Points of a line as SVG writes them. */
export function points(places: readonly (readonly [x: number, y: number])[]): string {
  return places.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}

/** From values to pixels along one axis. */
export interface Scale {
  (value: number): number;
  readonly invert: (pixel: number) => number;
}

export function linear(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): Scale {
  const slope = (to - from) / (high - low || 1);
  const scale = (value: number) => from + (value - low) * slope;
  return Object.assign(scale, { invert: (pixel: number) => low + (pixel - from) / slope });
}

/** Round values between two, about so many. */
export function ticks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= rough) ?? power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

/** Digits that tell neighbouring ticks apart. */
export function decimalsOf(values: readonly number[]): number {
  const step = Math.abs((values[1] ?? 1) - (values[0] ?? 0)) || 1;
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}
