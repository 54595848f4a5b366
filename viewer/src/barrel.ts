import { Cartesian3 } from "cesium";
import type { LocatedPipe } from "./dataset";

/** A shader can hold only so many vertices. */
export const MOST_NODES = 24;

/** A pipe as a shader knows it: a line of few vertices, and a radius in metres. */
export interface Barrel {
  readonly nodes: readonly Cartesian3[];
  readonly radius: number;
}

/** The barrel of a pipe, null where its diameter is unknown. */
export function barrelOf({ record, vertices }: LocatedPipe): Barrel | null {
  const diameter = record.outer_diameter_m;
  if (diameter === null || vertices.length < 2) return null;
  return { nodes: thinned(vertices), radius: diameter / 2 };
}

// Leave out, one after another, the vertex nearest to the line between its neighbours.
function thinned(vertices: readonly Cartesian3[]): Cartesian3[] {
  const left = [...vertices];
  while (left.length > MOST_NODES) {
    let [least, at] = [Number.POSITIVE_INFINITY, 1];
    for (let i = 1; i < left.length - 1; i += 1) {
      const away = offset(left[i - 1], left[i], left[i + 1]);
      if (away < least) [least, at] = [away, i];
    }
    left.splice(at, 1);
  }
  return left;
}

function offset(a?: Cartesian3, b?: Cartesian3, c?: Cartesian3): number {
  if (!a || !b || !c) return Number.POSITIVE_INFINITY;
  const chord = Cartesian3.subtract(c, a, new Cartesian3());
  const to = Cartesian3.subtract(b, a, new Cartesian3());
  const length = Cartesian3.magnitude(chord);
  if (length === 0) return 0;
  return Cartesian3.magnitude(Cartesian3.cross(to, chord, new Cartesian3())) / length;
}
