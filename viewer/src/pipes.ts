import {
  Cartesian2,
  Cartesian3,
  type Cesium3DTile,
  Cesium3DTileColorBlendMode,
  type Cesium3DTileContent,
  Cesium3DTileFeature,
  type Cesium3DTileset,
  Color,
} from "cesium";
import type { Filters } from "./filters";
import { linearColour, type PipeColouring, pipeColour, SELECTED } from "./palette";
import { type PipeRecord, readRecord } from "./record";

const DIFFUSE_ONLY = new Cartesian2(1, 0);
/** Light from everywhere, the same in all directions, as the first of nine harmonics. */
const AMBIENT = [
  new Cartesian3(0.5, 0.5, 0.5),
  ...Array.from({ length: 8 }, () => new Cartesian3()),
];

/** How the pipes look. */
export interface PipeLook {
  colouring: PipeColouring;
  opacity: number;
  shellOpacity: number;
  selectedKey: string | null;
}

/** The pipes as solids in the scene: which is which, and in what colour. */
export class PipeSolids {
  readonly #records = new Map<string, PipeRecord>();
  readonly #loaded = new Set<Cesium3DTileContent>();
  readonly #shells = new Set<Cesium3DTileContent>();
  readonly #changed: () => void;
  readonly #filters: Filters;
  readonly #coverLimits: readonly number[];
  readonly #look: PipeLook = {
    colouring: "nominal",
    opacity: 1,
    shellOpacity: 1,
    selectedKey: null,
  };

  /** `changed` is called whenever the scene has to be drawn anew. */
  constructor(filters: Filters, coverLimits: readonly number[], changed: () => void) {
    this.#filters = filters;
    this.#coverLimits = coverLimits;
    this.#changed = changed;
    filters.changed.follow(() => this.#repaint());
  }

  /** Change how they look; what is not named stays. */
  look(changes: Partial<PipeLook>): void {
    Object.assign(this.#look, changes);
    this.#repaint();
  }

  /** The pipe that a picked object is part of. */
  recordOf(picked: unknown): PipeRecord | null {
    if (!(picked instanceof Cesium3DTileFeature)) return null;
    const record = readRecord((field) => picked.getProperty(field));
    return record.pipe_id === null ? null : record;
  }

  /** The record as the tiles have it: GeoJSON rounds, and rounding twice shows a wrong digit. */
  exact(record: PipeRecord): PipeRecord {
    return this.#records.get(record.key) ?? record;
  }

  follow(tileset: Cesium3DTileset): void {
    // The material's own colour, and the sky's on it, would tint the legend's.
    tileset.imageBasedLighting.imageBasedLightingFactor = DIFFUSE_ONLY;
    tileset.imageBasedLighting.sphericalHarmonicCoefficients = AMBIENT;
    tileset.colorBlendMode = Cesium3DTileColorBlendMode.REPLACE;
    tileset.tileLoad.addEventListener(({ content }: Cesium3DTile) => {
      this.#loaded.add(content);
      this.#paint(content);
    });
    tileset.tileUnload.addEventListener(({ content }: Cesium3DTile) => {
      this.#loaded.delete(content);
    });
  }

  /** Shells around the pipes are shown with them, in their own colour. */
  followShells(tileset: Cesium3DTileset): void {
    tileset.tileLoad.addEventListener(({ content }: Cesium3DTile) => {
      this.#shells.add(content);
      this.#paintShells(content);
    });
    tileset.tileUnload.addEventListener(({ content }: Cesium3DTile) => {
      this.#shells.delete(content);
    });
  }

  #repaint(): void {
    for (const content of this.#loaded) this.#paint(content);
    for (const content of this.#shells) this.#paintShells(content);
    this.#changed();
  }

  #paintShells(content: Cesium3DTileContent): void {
    for (let id = 0; id < content.featuresLength; id += 1) {
      const feature = content.getFeature(id);
      const record = this.recordOf(feature);
      feature.show = record === null || this.#filters.shows(record);
      feature.color = Color.WHITE.withAlpha(this.#look.shellOpacity);
    }
  }

  #paint(content: Cesium3DTileContent): void {
    const { colouring, opacity, selectedKey } = this.#look;
    for (let id = 0; id < content.featuresLength; id += 1) {
      const feature = content.getFeature(id);
      const record = this.recordOf(feature);
      if (record === null) continue;
      this.#records.set(record.key, record);
      const css =
        record.key === selectedKey ? SELECTED : pipeColour(record, colouring, this.#coverLimits);
      feature.show = this.#filters.shows(record);
      feature.color = linearColour(css).withAlpha(opacity);
    }
  }
}
