import {
  Cartesian2,
  type Cartesian3,
  type CesiumWidget,
  type JulianDate,
  type Scene,
} from "cesium";
import { type FeatureInfo, featureInfo } from "./layers/attributes";
import type { Extras } from "./layers/extras";
import { type Mark, markOf } from "./markers";
import { linePipeOf } from "./overview";
import type { PipeSolids } from "./pipes";
import type { PipeRecord } from "./record";
import { type SiteMark, siteMarkOf } from "./site-names";
import type { Tilesets } from "./tilesets";

const TOLERANCE_PX = 9;
/** A press that moves farther is a drag. */
const STILL_PX = 5;

/** What lies under a place of the canvas. */
export interface Picked {
  readonly pipe: PipeRecord | null;
  readonly mark: Mark | null;
  /** A feature of a layer that was added. */
  readonly feature: FeatureInfo | null;
  /** A site seen from afar, or several. */
  readonly sites: SiteMark | null;
}

/** Asks the scene what is where. */
export class Picker {
  readonly #scene: Scene;
  readonly #tilesets: Tilesets;
  readonly #solids: PipeSolids;
  readonly #extras: Extras;
  readonly #now: () => JulianDate;

  constructor(
    { scene, clock }: CesiumWidget,
    tilesets: Tilesets,
    solids: PipeSolids,
    extras: Extras,
  ) {
    this.#scene = scene;
    this.#tilesets = tilesets;
    this.#solids = solids;
    this.#extras = extras;
    this.#now = () => clock.currentTime;
  }

  // A pipe's own points lie on it, and soil in front of it; neither can be asked for anything.
  at(place: Cartesian2): Picked {
    const hidden = [...this.#tilesets.of("points"), ...this.#tilesets.of("shells")].filter(
      (tileset) => tileset.show,
    );
    for (const tileset of hidden) tileset.show = false;
    try {
      const picked = this.#scene.pick(place, TOLERANCE_PX, TOLERANCE_PX);
      const feature = featureInfo(picked, this.#extras.added.value, this.#now());
      const solid = feature === null ? this.#solids.recordOf(picked) : null;
      const pipe = solid ?? linePipeOf(picked)?.record ?? null;
      return { pipe, mark: markOf(picked), feature, sites: siteMarkOf(picked) };
    } finally {
      for (const tileset of hidden) tileset.show = true;
    }
  }

  /** The surface that is seen at a place, null where there is none. */
  surfaceAt(place: Cartesian2): Cartesian3 | null {
    return this.#scene.pickPosition(place) ?? null;
  }
}

/** Call back for each click or tap that was no drag. */
export function followClicks(
  canvas: HTMLCanvasElement,
  onClick: (place: Cartesian2) => void,
): void {
  let pressed: Cartesian2 | null = null;
  canvas.addEventListener("pointerdown", (event) => {
    const first = event.isPrimary && event.button === 0;
    pressed = first ? new Cartesian2(event.offsetX, event.offsetY) : null;
  });
  canvas.addEventListener("pointerup", (event) => {
    const place = new Cartesian2(event.offsetX, event.offsetY);
    if (pressed !== null && Cartesian2.distance(pressed, place) <= STILL_PX) onClick(place);
    pressed = null;
  });
}

/** Call back where a mouse has come to rest, or moves on while nothing is pressed. */
export function followMoves(
  canvas: HTMLCanvasElement,
  pauseMs: number,
  onMove: (place: Cartesian2) => void,
): void {
  let timer = 0;
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0 || event.pointerType === "touch") return;
    const place = new Cartesian2(event.offsetX, event.offsetY);
    clearTimeout(timer);
    timer = window.setTimeout(() => onMove(place), pauseMs);
  });
}
