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
import { keyOf, type PipeRecord, readRecord } from "./record";

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
  readonly #loaded = new Map<Cesium3DTileContent, readonly (PipeRecord | null)[]>();
  readonly #shells = new Map<Cesium3DTileContent, readonly (PipeRecord | null)[]>();
  readonly #known: ReadonlyMap<string, PipeRecord>;
  readonly #colours = new Map<string, Color>();
  readonly #changed: () => void;
  readonly #filters: Filters;
  readonly #coverLimits: readonly number[];
  readonly #look: PipeLook = {
    colouring: "nominal",
    opacity: 1,
    shellOpacity: 1,
    selectedKey: null,
  };

  /** `known` are unrounded records; `changed` is called whenever the scene has to be drawn anew. */
  constructor(
    filters: Filters,
    coverLimits: readonly number[],
    known: ReadonlyMap<string, PipeRecord>,
    changed: () => void,
  ) {
    this.#known = known;
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
    const known = this.#known.get(keyOf((field) => picked.getProperty(field)));
    if (known !== undefined) return known;
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
      const records = this.#recordsOf(content);
      for (const record of records) if (record !== null) this.#records.set(record.key, record);
      this.#loaded.set(content, records);
      this.#paint(content, records);
    });
    tileset.tileUnload.addEventListener(({ content }: Cesium3DTile) => {
      this.#loaded.delete(content);
    });
  }

  /** Shells around the pipes are shown with them, in their own colour. */
  followShells(tileset: Cesium3DTileset): void {
    tileset.tileLoad.addEventListener(({ content }: Cesium3DTile) => {
      const records = this.#recordsOf(content);
      this.#shells.set(content, records);
      this.#paintShells(content, records);
    });
    tileset.tileUnload.addEventListener(({ content }: Cesium3DTile) => {
      this.#shells.delete(content);
    });
  }

  #repaint(): void {
    for (const [content, records] of this.#loaded) this.#paint(content, records);
    for (const [content, records] of this.#shells) this.#paintShells(content, records);
    this.#changed();
  }

  #recordsOf(content: Cesium3DTileContent): (PipeRecord | null)[] {
    return Array.from({ length: content.featuresLength }, (_, id) =>
      this.recordOf(content.getFeature(id)),
    );
  }

  #colour(css: string): Color {
    const known = this.#colours.get(css) ?? linearColour(css);
    this.#colours.set(css, known);
    return known;
  }

  #paintShells(content: Cesium3DTileContent, records: readonly (PipeRecord | null)[]): void {
    const colour = Color.WHITE.withAlpha(this.#look.shellOpacity);
    records.forEach((record, id) => {
      const feature = content.getFeature(id);
      feature.show = record === null || this.#filters.shows(record);
      feature.color = colour;
    });
  }

  #paint(content: Cesium3DTileContent, records: readonly (PipeRecord | null)[]): void {
    const { colouring, opacity, selectedKey } = this.#look;
    records.forEach((record, id) => {
      if (record === null) return;
      const feature = content.getFeature(id);
      const css =
        record.key === selectedKey ? SELECTED : pipeColour(record, colouring, this.#coverLimits);
      feature.show = this.#filters.shows(record);
      feature.color = this.#colour(css).withAlpha(opacity);
    });
  }
}
