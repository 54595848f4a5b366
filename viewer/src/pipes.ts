import {
  Cartesian2,
  type Cesium3DTile,
  Cesium3DTileColorBlendMode,
  type Cesium3DTileContent,
  Cesium3DTileFeature,
  type Cesium3DTileset,
} from "cesium";
import { linearColour, type PipeColouring, pipeColour, SELECTED } from "./palette";
import { type PipeRecord, readRecord } from "./record";

const DIFFUSE_ONLY = new Cartesian2(1, 0);

/** The pipes as solids in the scene: which is which, and in what colour. */
export class PipeSolids {
  readonly #records = new Map<string, PipeRecord>();
  readonly #loaded = new Set<Cesium3DTileContent>();
  readonly #changed: () => void;
  #colouring: PipeColouring = "nominal";
  #selected: PipeRecord | null = null;

  /** Follow these tilesets; `changed` is called whenever the scene has to be drawn anew. */
  constructor(tilesets: readonly Cesium3DTileset[], changed: () => void) {
    this.#changed = changed;
    for (const tileset of tilesets) this.#follow(tileset);
  }

  colourBy(colouring: PipeColouring): void {
    this.#colouring = colouring;
    this.#repaint();
  }

  select(pipe: PipeRecord | null): void {
    this.#selected = pipe;
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

  #follow(tileset: Cesium3DTileset): void {
    // The material's own colour, and the sky's on it, would tint the legend's.
    tileset.imageBasedLighting.imageBasedLightingFactor = DIFFUSE_ONLY;
    tileset.colorBlendMode = Cesium3DTileColorBlendMode.REPLACE;
    tileset.tileLoad.addEventListener(({ content }: Cesium3DTile) => {
      this.#loaded.add(content);
      this.#paint(content);
    });
    tileset.tileUnload.addEventListener(({ content }: Cesium3DTile) => {
      this.#loaded.delete(content);
    });
  }

  #repaint(): void {
    for (const content of this.#loaded) this.#paint(content);
    this.#changed();
  }

  #paint(content: Cesium3DTileContent): void {
    for (let id = 0; id < content.featuresLength; id += 1) {
      const feature = content.getFeature(id);
      const record = this.recordOf(feature);
      if (record === null) continue;
      this.#records.set(record.key, record);
      const isSelected = record.key === this.#selected?.key;
      const css = isSelected ? SELECTED : pipeColour(record, this.#colouring);
      feature.color = linearColour(css);
    }
  }
}
