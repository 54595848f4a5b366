import {
  BlendOption,
  Cartesian3,
  Color,
  DistanceDisplayCondition,
  type PointPrimitive,
  PointPrimitiveCollection,
  type Scene,
} from "cesium";
import type { PipeAxis } from "./pipe-axis";
import type { Fitting, SiteDetails } from "./site-details";

/** What a picked mark stands for. */
export type Mark =
  | {
      readonly kind: "station";
      readonly site: string;
      readonly pipeId: string;
      readonly chainage: number;
    }
  | {
      readonly kind: "fitting";
      readonly site: string;
      readonly pipeId: string;
      readonly fitting: Fitting;
    };

export const STATION_COLOUR = "#ffffff";
export const FITTING_COLOURS: Readonly<Record<string, string>> = {
  joint: "#ffb02e",
  bend: "#ff6bd6",
  tee: "#7cff6b",
  end: "#9aa4b2",
};

const FAR = Number.POSITIVE_INFINITY;
/** From farther away marks run into each other. */
const NEAR_M = 150;
const NEAR_ENOUGH = new DistanceDisplayCondition(0, NEAR_M);
const PAPER = Color.fromCssColorString("#12161c");

/** So many marks are made at once; of more, those near the camera. */
const MOST_MARKS = 20_000;
/** Marks are made anew when the camera has moved so far. */
const STEP_M = 50;

interface Marked {
  readonly details: SiteDetails;
  readonly axis: PipeAxis;
}

/** Stations and fittings of sites as points that shine through soil and pipe. */
export class Markers {
  readonly #scene: Scene;
  readonly #stations = new PointPrimitiveCollection({ blendOption: BlendOption.TRANSLUCENT });
  readonly #fittings = new PointPrimitiveCollection({ blendOption: BlendOption.TRANSLUCENT });
  readonly #opacity = { stations: 1, joints: 1 };
  readonly #pipes: Marked[] = [];
  #shows: (site: string, pipeId: string) => boolean = () => true;
  #count = 0;
  #madeFrom: Cartesian3 | null = null;

  constructor(scene: Scene) {
    this.#scene = scene;
    scene.primitives.add(this.#stations);
    scene.primitives.add(this.#fittings);
    scene.preUpdate.addEventListener(() => this.#follow());
  }

  add(details: SiteDetails, axes: readonly PipeAxis[]): void {
    const pipes = axes.map((axis): Marked => ({ details, axis }));
    this.#pipes.push(...pipes);
    this.#count += axes.reduce((sum, { rows, fittings }) => sum + rows.length + fittings.length, 0);
    if (this.#count <= MOST_MARKS) for (const pipe of pipes) this.#mark(pipe);
    this.#madeFrom = null;
    this.#scene.requestRender();
  }

  /** Show only the marks of some pipes. */
  sift(shows: (site: string, pipeId: string) => boolean): void {
    this.#shows = shows;
    for (const marks of [this.#stations, this.#fittings]) {
      for (let i = 0; i < marks.length; i += 1) {
        const mark = marks.get(i);
        const { site, pipeId } = mark.id as Mark;
        mark.show = shows(site, pipeId);
      }
    }
    this.#scene.requestRender();
  }

  show(layer: "stations" | "joints", shown: boolean): void {
    (layer === "stations" ? this.#stations : this.#fittings).show = shown;
    this.#scene.requestRender();
  }

  setOpacity(layer: "stations" | "joints", opacity: number): void {
    if (this.#opacity[layer] === opacity) return;
    this.#opacity[layer] = opacity;
    const marks = layer === "stations" ? this.#stations : this.#fittings;
    for (let i = 0; i < marks.length; i += 1) fade(marks.get(i), opacity);
    this.#scene.requestRender();
  }

  #follow(): void {
    if (this.#count <= MOST_MARKS) return;
    const { positionWC } = this.#scene.camera;
    if (this.#madeFrom && Cartesian3.distance(this.#madeFrom, positionWC) < STEP_M) return;
    this.#madeFrom = Cartesian3.clone(positionWC);
    this.#stations.removeAll();
    this.#fittings.removeAll();
    for (const pipe of this.#pipes) {
      const { center, radius } = pipe.axis.sphere;
      if (Cartesian3.distance(center, positionWC) - radius < NEAR_M + STEP_M) this.#mark(pipe);
    }
  }

  #mark({ details: { site, stations }, axis }: Marked): void {
    const pipeId = axis.pipe.record.pipe_id ?? "";
    const show = this.#shows(site, pipeId);
    for (const i of axis.rows) {
      const chainage = stations.chainage_m[i] ?? 0;
      const mark: Mark = { kind: "station", site, pipeId, chainage };
      const rise = (stations.crown_z_m[i] ?? 0) - (stations.centre_z_m[i] ?? 0);
      this.#stations.add({
        id: mark,
        show,
        position: Cartesian3.fromDegrees(
          stations.lon_deg[i] ?? 0,
          stations.lat_deg[i] ?? 0,
          (stations.height_m[i] ?? 0) + rise,
        ),
        color: Color.fromCssColorString(STATION_COLOUR).withAlpha(this.#opacity.stations),
        outlineColor: PAPER.withAlpha(this.#opacity.stations),
        outlineWidth: 1,
        pixelSize: stations.observed[i] ? 5 : 4,
        disableDepthTestDistance: FAR,
        distanceDisplayCondition: NEAR_ENOUGH,
      });
    }
    for (const fitting of axis.fittings) {
      const mark: Mark = { kind: "fitting", site, pipeId, fitting };
      const colour = FITTING_COLOURS[fitting.kind] ?? "#9aa4b2";
      this.#fittings.add({
        id: mark,
        show,
        position: Cartesian3.fromDegrees(...fitting.position),
        color: Color.fromCssColorString(colour).withAlpha(this.#opacity.joints),
        outlineColor: PAPER.withAlpha(this.#opacity.joints),
        outlineWidth: 2,
        pixelSize: 8,
        disableDepthTestDistance: FAR,
        distanceDisplayCondition: NEAR_ENOUGH,
      });
    }
  }
}

function fade(mark: PointPrimitive, opacity: number): void {
  mark.color = mark.color.withAlpha(opacity);
  mark.outlineColor = mark.outlineColor.withAlpha(opacity);
}

/** The mark that a picked object is, null where it is none. */
export function markOf(picked: unknown): Mark | null {
  const id = (picked as { id?: unknown } | undefined)?.id;
  if (typeof id !== "object" || id === null || !("kind" in id)) return null;
  return (id as Mark).kind === "station" || (id as Mark).kind === "fitting" ? (id as Mark) : null;
}
