import { Cartesian3 } from "cesium";

/** A line with the vertices that its shape needs, as `simplified` leaves them of a ring. */
export function simplifiedLine(line: readonly Cartesian3[], toleranceM: number): Cartesian3[] {
  return thinned(line, toleranceM);
}

/**
 * A ring with the vertices that its shape needs: none that is left out lies farther from it than
 * the tolerance (Douglas and Peucker). The pixels of what a ring cuts out ask for all its vertices.
 */
export function simplified(ring: readonly Cartesian3[], toleranceM: number): Cartesian3[] {
  const [first] = ring;
  if (first === undefined || ring.length < 5) return [...ring];
  const across = farthest(ring, first, first).at;
  const halves = [ring.slice(0, across + 1), [...ring.slice(across), first]];
  return halves.flatMap((half) => thinned(half, toleranceM).slice(0, -1));
}

function thinned(line: readonly Cartesian3[], toleranceM: number): Cartesian3[] {
  const [start] = line;
  const end = line.at(-1);
  if (start === undefined || end === undefined || line.length < 3) return [...line];
  const { at, distance } = farthest(line, start, end);
  if (distance <= toleranceM) return [start, end];
  const before = thinned(line.slice(0, at + 1), toleranceM);
  return [...before.slice(0, -1), ...thinned(line.slice(at), toleranceM)];
}

function farthest(
  line: readonly Cartesian3[],
  start: Cartesian3,
  end: Cartesian3,
): { at: number; distance: number } {
  let found = { at: 0, distance: -1 };
  line.forEach((point, at) => {
    const distance = distanceToSegment(point, start, end);
    if (distance > found.distance) found = { at, distance };
  });
  return found;
}

function distanceToSegment(point: Cartesian3, start: Cartesian3, end: Cartesian3): number {
  const along = Cartesian3.subtract(end, start, new Cartesian3());
  const toPoint = Cartesian3.subtract(point, start, new Cartesian3());
  const length = Cartesian3.magnitudeSquared(along);
  const share = length === 0 ? 0 : Cartesian3.dot(toPoint, along) / length;
  const foot = Cartesian3.multiplyByScalar(along, Math.min(1, Math.max(0, share)), along);
  return Cartesian3.distance(toPoint, foot);
}
