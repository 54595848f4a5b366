import { Cartesian3, Matrix3, Matrix4, OrientedBoundingBox } from "cesium";
import type { TilesetLink } from "./dataset";
import { fetchJson } from "./fetch-json";
import { type GlbPoints, readGlbPoints } from "./glb-points";
import type { TileJson, TilesetJson } from "./tileset-json";

/** A flat box across a pipe. Axes are unit vectors on the earth. */
export interface Slab {
  readonly centre: Cartesian3;
  readonly along: Cartesian3;
  readonly right: Cartesian3;
  readonly up: Cartesian3;
  readonly halfThickness: number;
  readonly halfWidth: number;
  readonly below: number;
  readonly above: number;
}

/** The points in a slab: to the right of and above its centre, metres. */
export interface SlicePoints {
  readonly right: readonly number[];
  readonly up: readonly number[];
  /** Red, green, blue from 0 to 255, one after the other. */
  readonly colours: readonly number[];
  readonly labels: readonly number[];
}

const Y_UP_TO_Z_UP = Matrix4.fromRotationTranslation(
  Matrix3.fromRowMajorArray([1, 0, 0, 0, 0, -1, 0, 1, 0]),
);
const KEPT_TILES = 24;
const GREY = 150;

/** Reads the points of slabs from the tiles themselves: all of them, whatever is on the screen. */
export class Slicer {
  readonly #tilesets = new Map<string, Promise<TilesetJson>>();
  readonly #tiles = new Map<string, Promise<GlbPoints>>();

  async cut(links: readonly TilesetLink[], slab: Slab): Promise<SlicePoints> {
    const found: MutableSlice = { right: [], up: [], colours: [], labels: [] };
    for (const link of links) await this.#visitTileset(link.url, link.transform, slab, found);
    return found;
  }

  async #visitTileset(url: string, frame: Matrix4, slab: Slab, found: MutableSlice): Promise<void> {
    const { root } = await remember(this.#tilesets, url, () =>
      fetchJson<TilesetJson>(new URL(url)),
    );
    await this.#visit(root, url, frame, slab, found);
  }

  async #visit(
    tile: TileJson,
    base: string,
    outer: Matrix4,
    slab: Slab,
    found: MutableSlice,
  ): Promise<void> {
    const frame =
      tile.transform === undefined
        ? outer
        : Matrix4.multiply(outer, Matrix4.fromArray([...tile.transform]), new Matrix4());
    if (!meets(tile, frame, slab)) return;
    for (const { uri } of [...(tile.content ? [tile.content] : []), ...(tile.contents ?? [])]) {
      const url = new URL(uri, base).href;
      if (new URL(url).pathname.endsWith(".json"))
        await this.#visitTileset(url, frame, slab, found);
      else collect(await this.#points(url), frame, slab, found);
    }
    for (const child of tile.children ?? []) await this.#visit(child, base, frame, slab, found);
  }

  #points(url: string): Promise<GlbPoints> {
    const points = remember(this.#tiles, url, async () => {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`${new URL(url).pathname}: ${answer.status}`);
      return readGlbPoints(await answer.arrayBuffer());
    });
    for (const [first] of this.#tiles) {
      if (this.#tiles.size <= KEPT_TILES) break;
      this.#tiles.delete(first);
    }
    return points;
  }
}

interface MutableSlice extends SlicePoints {
  readonly right: number[];
  readonly up: number[];
  readonly colours: number[];
  readonly labels: number[];
}

// What was asked for last stands last; a failure is asked for again.
function remember<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>) {
  const made = kept.get(key) ?? make();
  kept.delete(key);
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  return made;
}

function meets({ boundingVolume }: TileJson, frame: Matrix4, slab: Slab): boolean {
  if (boundingVolume.box === undefined) return true;
  const box = [...boundingVolume.box];
  const centre = Matrix4.multiplyByPoint(frame, Cartesian3.unpack(box), new Cartesian3());
  const rotation = Matrix4.getMatrix3(frame, new Matrix3());
  const axes = Matrix3.multiply(rotation, Matrix3.unpack(box, 3), new Matrix3());
  const { halfAxes } = new OrientedBoundingBox(centre, axes);
  const away = Cartesian3.subtract(centre, slab.centre, new Cartesian3());
  const within = (axis: Cartesian3, low: number, high: number) => {
    const middle = Cartesian3.dot(away, axis);
    const half = [0, 1, 2].reduce((sum, i) => {
      const side = Matrix3.getColumn(halfAxes, i, new Cartesian3());
      return sum + Math.abs(Cartesian3.dot(side, axis));
    }, 0);
    return middle + half >= low && middle - half <= high;
  };
  return (
    within(slab.along, -slab.halfThickness, slab.halfThickness) &&
    within(slab.right, -slab.halfWidth, slab.halfWidth) &&
    within(slab.up, -slab.below, slab.above)
  );
}

function collect(points: GlbPoints, frame: Matrix4, slab: Slab, found: MutableSlice): void {
  const toEarth = Matrix4.multiply(frame, Y_UP_TO_Z_UP, new Matrix4());
  const rows = [slab.along, slab.right, slab.up].map((axis) => row(toEarth, slab.centre, axis));
  const [along, right, up] = rows as [Row, Row, Row];
  const { positions, colours, labels } = points;
  for (let i = 0; i < points.count; i += 1) {
    const [x, y, z] = [positions[3 * i] ?? 0, positions[3 * i + 1] ?? 0, positions[3 * i + 2] ?? 0];
    if (Math.abs(apply(along, x, y, z)) > slab.halfThickness) continue;
    const [across, height] = [apply(right, x, y, z), apply(up, x, y, z)];
    if (Math.abs(across) > slab.halfWidth) continue;
    if (height < -slab.below || height > slab.above) continue;
    found.right.push(across);
    found.up.push(height);
    found.labels.push(labels?.[i] ?? 0);
    for (let channel = 0; channel < 3; channel += 1) {
      found.colours.push(colours?.[3 * i + channel] ?? GREY);
    }
  }
}

type Row = readonly [x: number, y: number, z: number, offset: number];

/** How a coordinate along an axis of the slab comes from the coordinates of a tile. */
function row(toEarth: Matrix4, centre: Cartesian3, axis: Cartesian3): Row {
  const dot = (column: number) => {
    const at = 4 * column;
    return (
      axis.x * (toEarth[at] ?? 0) +
      axis.y * (toEarth[at + 1] ?? 0) +
      axis.z * (toEarth[at + 2] ?? 0)
    );
  };
  const origin = Cartesian3.subtract(
    Matrix4.getTranslation(toEarth, new Cartesian3()),
    centre,
    new Cartesian3(),
  );
  return [dot(0), dot(1), dot(2), Cartesian3.dot(origin, axis)];
}

function apply([a, b, c, offset]: Row, x: number, y: number, z: number): number {
  return a * x + b * y + c * z + offset;
}
