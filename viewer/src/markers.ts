import {
  BlendOption,
  Cartesian3,
  Color,
  DistanceDisplayCondition,
  type PointPrimitive,
  PointPrimitiveCollection,
  type Scene,
} from "cesium";
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
const NEAR_ENOUGH = new DistanceDisplayCondition(0, 150);

/** Stations and fittings of sites as points that shine through soil and pipe. */
export class Markers {
  readonly #scene: Scene;
  readonly #stations = new PointPrimitiveCollection({ blendOption: BlendOption.TRANSLUCENT });
  readonly #fittings = new PointPrimitiveCollection({ blendOption: BlendOption.TRANSLUCENT });

  constructor(scene: Scene) {
    this.#scene = scene;
    scene.primitives.add(this.#stations);
    scene.primitives.add(this.#fittings);
  }

  add(details: SiteDetails): void {
    const { site, stations } = details;
    stations.pipe_id.forEach((pipeId, i) => {
      const chainage = stations.chainage_m[i] ?? 0;
      const mark: Mark = { kind: "station", site, pipeId, chainage };
      const rise = (stations.crown_z_m[i] ?? 0) - (stations.centre_z_m[i] ?? 0);
      this.#stations.add({
        id: mark,
        position: Cartesian3.fromDegrees(
          stations.lon_deg[i] ?? 0,
          stations.lat_deg[i] ?? 0,
          (stations.height_m[i] ?? 0) + rise,
        ),
        color: Color.fromCssColorString(STATION_COLOUR),
        outlineColor: Color.fromCssColorString("#12161c"),
        outlineWidth: 1,
        pixelSize: stations.observed[i] ? 5 : 4,
        disableDepthTestDistance: FAR,
        distanceDisplayCondition: NEAR_ENOUGH,
      });
    });
    for (const fitting of details.fittings) {
      const mark: Mark = { kind: "fitting", site, pipeId: fitting.pipe_id, fitting };
      const colour = FITTING_COLOURS[fitting.kind] ?? "#9aa4b2";
      this.#fittings.add({
        id: mark,
        position: Cartesian3.fromDegrees(...fitting.position),
        color: Color.fromCssColorString(colour),
        outlineColor: Color.fromCssColorString("#12161c"),
        outlineWidth: 2,
        pixelSize: 8,
        disableDepthTestDistance: FAR,
        distanceDisplayCondition: NEAR_ENOUGH,
      });
    }
    this.#scene.requestRender();
  }

  /** Show only the marks of some pipes. */
  sift(shows: (site: string, pipeId: string) => boolean): void {
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
    const marks = layer === "stations" ? this.#stations : this.#fittings;
    for (let i = 0; i < marks.length; i += 1) fade(marks.get(i), opacity);
    this.#scene.requestRender();
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
