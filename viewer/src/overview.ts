import {
  ArcType,
  type Cartesian3,
  type CesiumWidget,
  Color,
  ColorGeometryInstanceAttribute,
  DistanceDisplayConditionGeometryInstanceAttribute,
  GeometryInstance,
  PolylineColorAppearance,
  PolylineGeometry,
  Primitive,
  type Scene,
  ShowGeometryInstanceAttribute,
} from "cesium";
import type { Dataset, LocatedPipe } from "./dataset";
import { pipeColour } from "./palette";
import { simplifiedLine } from "./ring";
import type { ViewState } from "./state";

/** From here on the solids of far sites are not loaded. */
const FROM_M = 200;
const WIDTH_PX = 2.5;
/**
 * So many times their diameter away pipes are narrower than the lines, in a window of half a
 * screen; in larger ones it is farther, and the lines are hidden in the pipes before.
 */
const FROM_DIAMETERS = 250;
/** A pixel or two from there. */
const TOLERANCE_M = 0.25;
/** So many lines are drawn at once, or not at all where they are out of sight. */
const TOGETHER = 400;

/** All pipes as lines, seen from afar, in the colours of the solids. */
export function createOverview({ scene }: CesiumWidget, dataset: Dataset, state: ViewState): void {
  const lines = new PipeLines(scene, dataset, state);
  state.pipeColouring.follow(() => lines.repaint());
  state.filters.changed.follow(() => lines.repaint());
  state.layers.pipes.shown.follow(() => lines.repaint());
}

/** The pipe that a picked line stands for, null where it is none. */
export function linePipeOf(picked: unknown): LocatedPipe | null {
  const id = (picked as { id?: unknown } | undefined)?.id;
  return id instanceof LineMark ? id.pipe : null;
}

class LineMark {
  readonly pipe: LocatedPipe;

  constructor(pipe: LocatedPipe) {
    this.pipe = pipe;
  }
}

interface Group {
  readonly marks: readonly LineMark[];
  readonly primitive: Primitive;
}

class PipeLines {
  readonly #scene: Scene;
  readonly #dataset: Dataset;
  readonly #state: ViewState;
  readonly #groups: readonly Group[];
  /** Those whose colours are not up to date: they can only be changed once they are drawn. */
  readonly #stale = new Set<Group>();

  constructor(scene: Scene, dataset: Dataset, state: ViewState) {
    this.#scene = scene;
    this.#dataset = dataset;
    this.#state = state;
    this.#groups = neighbours(dataset.pipes).map((pipes) => this.#group(pipes));
    scene.preUpdate.addEventListener(() => this.#renew());
    this.repaint();
  }

  repaint(): void {
    for (const group of this.#groups) {
      group.primitive.show = this.#state.layers.pipes.shown.value;
      this.#stale.add(group);
    }
    this.#scene.requestRender();
  }

  #renew(): void {
    for (const group of this.#stale) {
      if (!group.primitive.ready) continue;
      this.#stale.delete(group);
      for (const mark of group.marks) {
        const attributes = group.primitive.getGeometryInstanceAttributes(mark);
        attributes.color = ColorGeometryInstanceAttribute.toValue(this.#colour(mark));
        attributes.show = ShowGeometryInstanceAttribute.toValue(this.#shows(mark));
      }
    }
  }

  #colour({ pipe: { record } }: LineMark): Color {
    const { pipeColouring } = this.#state;
    const css = pipeColour(record, pipeColouring.value, this.#dataset.coverLimits);
    return Color.fromCssColorString(css);
  }

  #shows({ pipe }: LineMark): boolean {
    return this.#state.filters.shows(pipe.record);
  }

  #group(pipes: readonly LocatedPipe[]): Group {
    const marks = pipes.map((pipe) => new LineMark(pipe));
    const instances = marks.map(
      (mark) =>
        new GeometryInstance({
          id: mark,
          geometry: new PolylineGeometry({
            positions: simplifiedLine(mark.pipe.vertices, TOLERANCE_M),
            width: WIDTH_PX,
            arcType: ArcType.NONE,
            vertexFormat: PolylineColorAppearance.VERTEX_FORMAT,
          }),
          attributes: {
            color: ColorGeometryInstanceAttribute.fromColor(this.#colour(mark)),
            show: new ShowGeometryInstanceAttribute(this.#shows(mark)),
            distanceDisplayCondition: new DistanceDisplayConditionGeometryInstanceAttribute(
              Math.min(
                FROM_M,
                FROM_DIAMETERS * (mark.pipe.record.outer_diameter_m ?? Number.POSITIVE_INFINITY),
              ),
              Number.MAX_VALUE,
            ),
          },
        }),
    );
    const primitive = new Primitive({
      geometryInstances: instances,
      appearance: new PolylineColorAppearance({ translucent: false }),
    });
    this.#scene.primitives.add(primitive);
    return { marks, primitive };
  }
}

/** Pipes that can be drawn, halved by where they lie until no part has too many. */
function neighbours(pipes: readonly LocatedPipe[]): LocatedPipe[][] {
  const parts: LocatedPipe[][] = [];
  const divide = (part: LocatedPipe[]) => {
    if (part.length <= TOGETHER) {
      if (part.length > 0) parts.push(part);
      return;
    }
    const axis = longestSide(part.map(startOf));
    const sorted = [...part].sort((a, b) => startOf(a)[axis] - startOf(b)[axis]);
    const middle = Math.floor(sorted.length / 2);
    divide(sorted.slice(0, middle));
    divide(sorted.slice(middle));
  };
  divide(
    pipes.filter(({ vertices: [first, second] }) => first !== undefined && second !== undefined),
  );
  return parts;
}

function startOf({ vertices }: LocatedPipe): Cartesian3 {
  return vertices[0] as Cartesian3;
}

function longestSide(places: readonly Cartesian3[]): "x" | "y" | "z" {
  const width = (axis: "x" | "y" | "z") => {
    const values = places.map((place) => place[axis]);
    return Math.max(...values) - Math.min(...values);
  };
  return (["x", "y", "z"] as const).reduce((a, b) => (width(b) > width(a) ? b : a));
}
