import { type CesiumWidget, ClippingPolygon, ClippingPolygonCollection } from "cesium";
import type { Dataset } from "./dataset";
import { groundTerrain, openings } from "./ground";
import type { Extras } from "./layers/extras";
import { simplified } from "./ring";
import type { Sites } from "./sites";
import type { ViewState } from "./state";

/** An opening in the globe need not follow each tooth of the excavator. */
const RING_TOLERANCE_M = 0.08;

/** The surroundings: a translucent globe at street level, open where the scan or its trench is. */
export class Globe {
  readonly #widget: CesiumWidget;
  readonly #dataset: Dataset;
  readonly #state: ViewState;
  readonly #sites: Sites;
  readonly #extras: Extras;
  #opened = "";
  #carriesMaps = false;

  constructor(
    widget: CesiumWidget,
    dataset: Dataset,
    state: ViewState,
    sites: Sites,
    extras: Extras,
  ) {
    this.#widget = widget;
    this.#dataset = dataset;
    this.#state = state;
    this.#sites = sites;
    this.#extras = extras;
    const { shown, opacity } = state.layers.globe;
    const follow = () => this.#follow();
    for (const signal of [shown, state.trenchOpen]) signal.follow(follow);
    opacity.follow(follow);
    sites.opened.follow(follow);
    extras.added.follow(follow);
    follow();
  }

  #follow(): void {
    const { scene } = this.#widget;
    const { shown, opacity } = this.#state.layers.globe;
    scene.globe.show = shown.value;
    scene.globe.translucency.frontFaceAlpha = opacity.value;
    scene.globe.translucency.backFaceAlpha = opacity.value / 2;
    if (shown.value) this.#open();
    if (this.#hasMap !== this.#carriesMaps) {
      this.#carriesMaps = this.#hasMap;
      scene.terrainProvider = groundTerrain(this.#dataset.levels, this.#hasMap);
    }
    scene.requestRender();
  }

  // Each new opening is worked out anew, pixel by pixel.
  #open(): void {
    const wanted = [this.#hasMap, this.#state.trenchOpen.value, this.#sites.trenches.length].join();
    if (wanted === this.#opened) return;
    this.#opened = wanted;
    this.#widget.scene.globe.clippingPolygons = this.#openings();
  }

  get #hasMap(): boolean {
    return this.#extras.added.value.some(({ isImagery }) => isImagery);
  }

  // Points are the ground where there is a scan, but not where a map is to be seen on it.
  #openings(): ClippingPolygonCollection {
    const trenches = this.#sites.trenches;
    if (this.#hasMap && trenches.length > 0) {
      const rings = this.#state.trenchOpen.value ? trenches : [];
      const polygons = rings.map(
        (ring) => new ClippingPolygon({ positions: simplified(ring, RING_TOLERANCE_M) }),
      );
      return new ClippingPolygonCollection({ polygons });
    }
    const boxes = this.#dataset.links.filter(({ layer }) => layer === "points");
    return openings(boxes.map(({ box }) => box).filter((box) => box !== null));
  }
}
